"""What every code, opcode, flag, parameter and finding means, in a sentence with its source."""
