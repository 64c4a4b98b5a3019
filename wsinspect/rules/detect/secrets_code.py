"""Credentials of code hosting, registries, builds, monitoring and AI, from published formats.

Owns: data only.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.secrets_form import HEX_UUID, Secret, named, token

__all__ = ["CODE"]

CODE: Final[tuple[Secret, ...]] = (
    # Code hosting
    token(
        "github-token", "GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[0-9A-Za-z]{36,}"
    ),
    token(
        "github-fine-grained-token",
        "GitHub fine-grained token",
        "github_pat_",
        r"github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}",
    ),
    token(
        "gitlab-token",
        "GitLab token",
        "glpat- gldt- glptt- glrt- glrtr- glcbt- glimt- glagent- glsoat- glffct- gloas- glft-",
        r"gl(?:pat|dt|ptt|rtr?|cbt|imt|agent|soat|ffct|oas|ft)-[0-9A-Za-z_.-]{20,}",
    ),
    token(
        "bitbucket-app-password",
        "Bitbucket app password",
        "atbb",
        r"ATBB[0-9A-Za-z]{28,32}",
        blob=True,
    ),
    token(
        "atlassian-token",
        "Atlassian API or access token",
        "atatt3 atctt3",
        r"AT(?:A|C)TT3[0-9A-Za-z_=-]{60,}",
        base64=True,
    ),
    token(
        "sourcegraph-token",
        "Sourcegraph token",
        "sgp_",
        r"sgp_(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}",
    ),
    named("gitea-token", "Gitea or Forgejo token", "gitea forgejo codeberg", r"[0-9a-f]{40}"),
    # Registries
    token("npm-token", "npm token", "npm_", r"npm_[0-9A-Za-z]{36}"),
    token(
        "pypi-token",
        "PyPI token",
        "pypi-age",
        r"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[0-9A-Za-z_-]{50,}",
    ),
    token("rubygems-key", "RubyGems key", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    token(
        "crates-io-token", "crates.io token", "cio", r"cio[0-9A-Za-z]{32}", entropy=3.8, blob=True
    ),
    token("nuget-key", "NuGet key", "oy2", r"oy2[0-9a-z]{43}", entropy=3.5, blob=True),
    token("clojars-token", "Clojars token", "clojars_", r"CLOJARS_[0-9a-f]{60}"),
    token(
        "docker-token",
        "Docker Hub token",
        "dckr_pat_ dckr_oat_",
        r"dckr_(?:pat_[0-9A-Za-z_-]{27}|oat_[0-9A-Za-z_-]{32})",
    ),
    token(
        "jfrog-token",
        "JFrog API key or reference token",
        "akcp cmvmdgtu",
        r"AKCp[0-9A-Za-z]{69}|cmVmdGtu[0-9A-Za-z]{56}",
        blob=True,
    ),
    # Builds and delivery
    token(
        "circleci-token",
        "CircleCI token",
        "ccipat_ cciprj_",
        r"CCI(?:PAT|PRJ)_[0-9A-Za-z]{22}_[0-9a-f]{40}",
    ),
    token("buildkite-token", "Buildkite token", "bkua_", r"bkua_[0-9a-f]{40}"),
    named("travis-token", "Travis CI token", "travis", r"[0-9A-Za-z_-]{22}", entropy=3.5),
    token("octopus-key", "Octopus Deploy key", "api-", r"API-[0-9A-Z]{25,26}", entropy=3.5),
    token(
        "launchdarkly-key",
        "LaunchDarkly key",
        "sdk- api-",
        rf"(?:sdk|api)-{HEX_UUID}",
    ),
    token("prefect-key", "Prefect key", "pnu_ pnb_", r"pn[ub]_[0-9A-Za-z]{36}"),
    token(
        "trigger-dev-key",
        "Trigger.dev key",
        "tr_dev_ tr_prod_ tr_stg_",
        r"tr_(?:dev|prod|stg)_[0-9A-Za-z]{20,24}",
    ),
    token(
        "inngest-signing-key",
        "Inngest signing key",
        "signkey-",
        r"signkey-(?:prod|test|branch)-[0-9a-f]{32,64}",
    ),
    token("sonar-token", "SonarQube token", "squ_ sqp_ sqa_", r"sq[upa]_[0-9a-f]{40}"),
    token(
        "snyk-token",
        "Snyk token",
        "snyk_uat. snyk_sat.",
        r"snyk_[us]at\.[0-9a-f]{8}\.[0-9A-Za-z_-]{20,}(?:\.[0-9A-Za-z_-]{20,})?",
    ),
    named("snyk-legacy-token", "Snyk token", "snyk", HEX_UUID),
    token("postman-key", "Postman key", "pmak-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    token("readme-key", "ReadMe key", "rdme_", r"rdme_[0-9a-z]{70}"),
    token(
        "rapidapi-key",
        "RapidAPI key",
        "msh",
        r"[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{5}jsn[0-9a-f]{12}",
    ),
    token("apify-token", "Apify token", "apify_api_", r"apify_api_[0-9A-Za-z]{36,40}"),
    token("adafruit-io-key", "Adafruit IO key", "aio_", r"aio_[0-9A-Za-z]{28}"),
    # Monitoring
    token(
        "sentry-token",
        "Sentry token",
        "sntrys_ sntryu_",
        r"sntryu_[0-9a-f]{64}|sntrys_eyJ[0-9A-Za-z+/]{40,}={0,2}_[0-9A-Za-z+/]{43}",
        base64=True,
    ),
    named("sentry-legacy-token", "Sentry token", "sentry", r"[0-9a-f]{64}"),
    token(
        "newrelic-key",
        "New Relic key",
        "nrak- nrii- nrra- nral",
        r"NRAK-[0-9A-Z]{27}|NRII-[0-9A-Za-z_-]{32}|NRRA-[0-9a-f]{42}|[0-9a-f]{36}NRAL",
    ),
    named(
        "datadog-key", "Datadog key", "datadog dd_api dd-api dd_app", r"[0-9a-f]{40}|[0-9a-f]{32}"
    ),
    token(
        "dynatrace-token", "Dynatrace token", "dt0", r"dt0[a-z][0-9]{2}\.[0-9A-Z]{24}\.[0-9A-Z]{64}"
    ),
    token(
        "grafana-token",
        "Grafana token",
        "glsa_ glc_",
        r"glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}|glc_eyJ[0-9A-Za-z+/]{60,}={0,3}",
        base64=True,
    ),
    token("honeycomb-key", "Honeycomb key", "hca hcb hcc", r"hc[abc](?:ik|ic|mk|lk)_[0-9a-z]{58}"),
    named("pagerduty-key", "PagerDuty key", "pagerduty", r"[0-9A-Za-z_+-]{20}", entropy=3.3),
    named("opsgenie-key", "Opsgenie key", "opsgenie", HEX_UUID),
    named("rollbar-token", "Rollbar token", "rollbar", r"[0-9a-f]{32}"),
    named("bugsnag-key", "BugSnag key", "bugsnag", r"[0-9a-f]{32}"),
    token("posthog-key", "PostHog personal key", "phx_", r"phx_[0-9A-Za-z]{40,52}"),
    named("amplitude-key", "Amplitude key", "amplitude", r"[0-9a-f]{32}"),
    named("mixpanel-key", "Mixpanel secret", "mixpanel", r"[0-9a-f]{32}"),
    named("splunk-hec-token", "Splunk HEC token", "splunk hec_token", HEX_UUID),
    # AI
    token(
        "openai-key",
        "OpenAI key",
        "t3blbkfj",
        r"sk-(?:(?:proj|svcacct|admin)-[0-9A-Za-z_-]{20,100}|[0-9A-Za-z]{20})T3BlbkFJ"
        r"[0-9A-Za-z_-]{20,100}",
    ),
    token(
        "anthropic-key",
        "Anthropic key",
        "sk-ant-",
        r"sk-ant-(?:api|admin|oat|ort|sid)[0-9]{2}-[0-9A-Za-z_-]{80,120}",
    ),
    token(
        "huggingface-token",
        "Hugging Face token",
        "hf_ api_org_",
        r"(?:hf|api_org)_[0-9A-Za-z]{34,37}",
    ),
    token("replicate-token", "Replicate token", "r8_", r"r8_[0-9A-Za-z]{37}"),
    token("groq-key", "Groq key", "gsk_", r"gsk_[0-9A-Za-z]{52}"),
    token("xai-key", "xAI key", "xai-", r"xai-[0-9A-Za-z]{80}"),
    token("perplexity-key", "Perplexity key", "pplx-", r"pplx-[0-9A-Za-z]{48}"),
    token("openrouter-key", "OpenRouter key", "sk-or-v1-", r"sk-or-v1-[0-9a-f]{64}"),
    token("nvidia-key", "NVIDIA API key", "nvapi-", r"nvapi-[0-9A-Za-z_-]{64}"),
    token("langsmith-key", "LangSmith key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    token("langfuse-key", "Langfuse secret key", "sk-lf-", rf"sk-lf-{HEX_UUID}"),
    token("pinecone-key", "Pinecone key", "pcsk_", r"pcsk_[0-9A-Za-z]{5,6}_[0-9A-Za-z]{60,66}"),
    token("together-key", "Together AI key", "tgp_v1_", r"tgp_v1_[0-9A-Za-z_-]{43}"),
    token("fireworks-key", "Fireworks AI key", "fw_", r"fw_[0-9A-Za-z]{22,24}", entropy=3.5),
    token("cerebras-key", "Cerebras key", "csk-", r"csk-[0-9a-z]{48}"),
    token("elevenlabs-key", "ElevenLabs key", "sk_", r"sk_[0-9a-f]{48}"),
    token("tavily-key", "Tavily key", "tvly-", r"tvly-(?:(?:dev|prod)-)?[0-9A-Za-z]{32}"),
    token("firecrawl-key", "Firecrawl key", "fc-", r"fc-[0-9a-f]{32}"),
    token("jina-key", "Jina AI key", "jina_", r"jina_[0-9a-f]{32}[0-9A-Za-z_-]{28}"),
    token("voyage-key", "Voyage AI key", "pa-", r"pa-[0-9A-Za-z_-]{43}", entropy=4.0),
    named("cohere-key", "Cohere key", "cohere co_api_key", r"[0-9A-Za-z]{40}", entropy=3.7),
    named("mistral-key", "Mistral key", "mistral", r"[0-9A-Za-z]{32}", entropy=3.5),
    named("deepseek-key", "DeepSeek key", "deepseek", r"sk-[0-9a-f]{32}"),
    named("deepgram-key", "Deepgram key", "deepgram", r"[0-9a-f]{40}"),
    named("assemblyai-key", "AssemblyAI key", "assemblyai assembly_ai", r"[0-9a-f]{32}"),
    named("wandb-key", "Weights & Biases key", "wandb", r"[0-9a-f]{40}"),
)
