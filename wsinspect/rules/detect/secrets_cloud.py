"""Credentials of clouds, hosting, databases and networks, from their vendors' published formats.

Owns: data only.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.secrets_form import HEX_UUID, Secret, named, token

__all__ = ["CLOUD"]

CLOUD: Final[tuple[Secret, ...]] = (
    # Amazon
    token(
        "aws-access-key-id",
        "AWS access key",
        "akia asia abia acca",
        r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}",
    ),
    named(
        "aws-secret-access-key",
        "AWS secret access key",
        "secret_access_key secretaccesskey aws_secret aws-secret",
        r"[0-9A-Za-z/+]{40}",
        entropy=3.7,
    ),
    named(
        "aws-session-token",
        "AWS session token",
        "session_token sessiontoken security_token x-amz-security-token",
        r"(?:FwoG|IQoJ|FQoG)[0-9A-Za-z/+]{100,}={0,2}",
    ),
    token(
        "aws-bedrock-key",
        "Amazon Bedrock API key",
        "absk bedrock-api-key-",
        r"ABSK[0-9A-Za-z+/]{109,}={0,2}|bedrock-api-key-[0-9A-Za-z+/]{100,}={0,2}",
        base64=True,
    ),
    token("aws-mws-key", "Amazon MWS token", "amzn.mws.", rf"amzn\.mws\.{HEX_UUID}"),
    # Google
    token("google-api-key", "Google API key", "aiza", r"AIza[0-9A-Za-z_-]{35}"),
    token(
        "google-oauth-client-secret",
        "Google OAuth client secret",
        "gocspx-",
        r"GOCSPX-[0-9A-Za-z_-]{28}",
    ),
    token(
        "google-oauth-access-token",
        "Google OAuth access token",
        "ya29.",
        r"ya29\.[0-9A-Za-z_-]{30,}",
    ),
    token(
        "google-oauth-refresh-token",
        "Google OAuth refresh token",
        "1//0",
        r"1//0[0-9A-Za-z_-]{40,}",
    ),
    named(
        "google-service-account-key",
        "Google service account key id",
        "private_key_id",
        r"[0-9a-f]{40}",
    ),
    token(
        "firebase-messaging-key",
        "Firebase Cloud Messaging server key",
        "aaaa",
        r"AAAA[0-9A-Za-z_-]{7}:APA91b[0-9A-Za-z_-]{134}",
        blob=True,
    ),
    # Microsoft
    token(
        "azure-client-secret",
        "Microsoft Entra client secret",
        "q~",
        r"[0-9A-Za-z_~.]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}",
        begin="",  # it may begin with a dot
    ),
    named("azure-storage-key", "Azure storage account key", "accountkey", r"[0-9A-Za-z+/]{86}=="),
    named(
        "azure-shared-access-key",
        "Azure Service Bus, Event Hubs or IoT Hub key",
        "sharedaccesskey",
        r"[0-9A-Za-z+/]{43}=",
    ),
    token(
        "azure-sas-signature",
        "Azure shared access signature",
        "sig=",
        r"sig=[0-9A-Za-z%+/]{43,80}(?:=|%3D|%3d)",
        base64=True,
    ),
    token(
        "azure-devops-token",
        "Azure DevOps personal access token",
        "azdo",
        r"[0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4}",
    ),
    token(
        "azure-ai-key",
        "Azure AI services or OpenAI key",
        "jqqj9",
        r"[0-9A-Za-z]{52}JQQJ9[9D][0-9A-Za-z]{26}",
    ),
    token(
        "teams-webhook",
        "Microsoft Teams incoming webhook",
        ".webhook.office.com",
        rf"[0-9a-z][0-9a-z-]{{1,63}}\.webhook\.office\.com/webhookb2/{HEX_UUID}@{HEX_UUID}"
        rf"/IncomingWebhook/[0-9a-z]{{32}}/{HEX_UUID}",
    ),
    # Other clouds
    token(
        "alibaba-access-key-id",
        "Alibaba Cloud access key",
        "ltai",
        r"LTAI[0-9A-Za-z]{12,26}",
        blob=True,
    ),
    token(
        "tencent-secret-id", "Tencent Cloud secret id", "akid", r"AKID[0-9A-Za-z]{32}", blob=True
    ),
    token(
        "digitalocean-token",
        "DigitalOcean token",
        "dop_v1_ doo_v1_ dor_v1_",
        r"do[opr]_v1_[0-9a-f]{64}",
    ),
    token(
        "cloudflare-origin-ca-key",
        "Cloudflare Origin CA key",
        "v1.0-",
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}",
    ),
    named(
        "cloudflare-api-token",
        "Cloudflare API token or key",
        "cloudflare cf_api",
        r"[0-9A-Za-z_-]{40}|[0-9a-f]{37}",
        entropy=3.2,
    ),
    token("heroku-api-key", "Heroku API key", "hrku-", r"HRKU-[0-9A-Za-z_-]{36,64}"),
    named("heroku-legacy-key", "Heroku API key", "heroku", HEX_UUID),
    token(
        "fly-token",
        "Fly.io token",
        "fo1_ fm1a_ fm1r_ fm2_",
        r"fo1_[0-9A-Za-z_-]{43}|fm(?:1[ar]|2)_[0-9A-Za-z+/]{100,}={0,3}",
        base64=True,
    ),
    token("netlify-token", "Netlify token", "nfp_", r"nfp_[0-9A-Za-z]{36}"),
    token("render-api-key", "Render API key", "rnd_", r"rnd_[0-9A-Za-z]{28,36}"),
    token(
        "vercel-blob-token",
        "Vercel Blob token",
        "vercel_blob_rw_",
        r"vercel_blob_rw_[0-9A-Za-z]{16}_[0-9A-Za-z]{30,40}",
    ),
    named("vercel-token", "Vercel token", "vercel", r"[0-9A-Za-z]{24}", entropy=3.3),
    token("scaleway-access-key", "Scaleway access key", "scw", r"SCW[0-9A-Z]{17}", blob=True),
    named("linode-token", "Linode token", "linode", r"[0-9a-f]{64}"),
    named("vultr-api-key", "Vultr API key", "vultr", r"[0-9A-Z]{36}"),
    named("hetzner-token", "Hetzner Cloud token", "hcloud hetzner", r"[0-9A-Za-z]{64}"),
    named("ibm-cloud-key", "IBM Cloud API key", "ibm_cloud ibmcloud bluemix", r"[0-9A-Za-z_-]{44}"),
    token("yandex-api-key", "Yandex Cloud API key", "aqvn", r"AQVN[0-9A-Za-z_-]{35,38}"),
    token(
        "yandex-iam-token",
        "Yandex Cloud IAM token",
        "t1.",
        r"t1\.[0-9A-Za-z_-]{20,}={0,2}\.[0-9A-Za-z_-]{86}={0,2}",
        base64=True,
    ),
    # Databases
    token("databricks-token", "Databricks token", "dapi", r"dapi[0-9a-f]{32}(?:-[0-9])?"),
    token(
        "planetscale-token",
        "PlanetScale token or password",
        "pscale_",
        r"pscale_(?:tkn|pw|oauth)_[0-9A-Za-z_.=-]{32,64}",
        base64=True,
    ),
    token(
        "supabase-key",
        "Supabase secret key or access token",
        "sbp_ sb_secret_",
        r"sbp_[0-9a-f]{40}|sb_secret_[0-9A-Za-z_-]{31,36}",
    ),
    token("neon-api-key", "Neon API key", "napi_", r"napi_[0-9a-z]{64}"),
    token(
        "mongodb-atlas-secret",
        "MongoDB Atlas service account secret",
        "mdb_sa_sk_",
        r"mdb_sa_sk_[0-9A-Za-z_-]{40}",
    ),
    token(
        "clickhouse-key", "ClickHouse Cloud key secret", "4b1d", r"4b1d[0-9A-Za-z]{38}", blob=True
    ),
    token(
        "confluent-secret",
        "Confluent Cloud API secret",
        "cflt",
        r"cflt[0-9A-Za-z+/]{60}",
        blob=True,
    ),
    token(
        "elastic-api-key",
        "Elastic Cloud API key",
        "essu_",
        r"essu_[0-9A-Za-z+/_-]{40,120}={0,2}",
        base64=True,
    ),
    token(
        "cloudinary-url",
        "Cloudinary URL with its secret",
        "cloudinary://",
        r"cloudinary://[0-9]{12,16}:[0-9A-Za-z_-]{20,40}@[0-9A-Za-z_-]{1,64}",
    ),
    named("algolia-admin-key", "Algolia API key", "algolia", r"[0-9a-f]{32}"),
    # Secrets management and networks
    token("vault-token", "HashiCorp Vault token", "hvs. hvb. hvr.", r"hv[sbr]\.[0-9A-Za-z_-]{90,}"),
    named("vault-legacy-token", "HashiCorp Vault token", "vault", r"s\.[0-9A-Za-z]{24}"),
    token(
        "terraform-cloud-token",
        "HCP Terraform token",
        ".atlasv1.",
        r"[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,70}",
        base64=True,
    ),
    token(
        "doppler-token",
        "Doppler token",
        "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[0-9a-z_-]{2,35}\.)?[0-9A-Za-z]{40,44}",
    ),
    token(
        "infisical-token",
        "Infisical service token",
        "st.",
        r"st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}",
    ),
    token(
        "onepassword-service-account",
        "1Password service account token",
        "ops_eyj",
        r"ops_eyJ[0-9A-Za-z+/_-]{250,}={0,3}",
        base64=True,
    ),
    token(
        "onepassword-secret-key",
        "1Password secret key",
        "a3-",
        r"A3-[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}",
    ),
    token("pulumi-token", "Pulumi token", "pul-", r"pul-[0-9a-f]{40}"),
    token(
        "tailscale-key",
        "Tailscale key",
        "tskey-",
        r"tskey-(?:auth|api|client|scim|webhook)-[0-9A-Za-z]{8,32}-[0-9A-Za-z]{20,48}",
    ),
    token(
        "age-secret-key",
        "age secret key",
        "age-secret-key-1",
        r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    ),
    named("ngrok-token", "ngrok token", "ngrok", r"[0-9A-Za-z]{20,30}_[0-9A-Za-z]{20,24}"),
    token(
        "defined-networking-key",
        "Defined Networking key",
        "dnkey-",
        r"dnkey-[0-9A-Z]{26}-[0-9A-Z]{52}",
    ),
    token(
        "ably-key",
        "Ably API key",
        "",
        r"[0-9A-Za-z][0-9A-Za-z_-]{5}\.[0-9A-Za-z_-]{6}:[0-9A-Za-z_-]{43}",
        entropy=4.0,
    ),
    token(
        "pubnub-secret-key",
        "PubNub secret key",
        "sec-c-",
        r"sec-c-[0-9A-Za-z+/]{46,56}={0,2}",
        base64=True,
    ),
    named("pusher-secret", "Pusher secret", "pusher", r"[0-9a-f]{20}", entropy=2.4),
)
