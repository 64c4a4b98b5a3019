"""Credentials of payment, messaging, mail and office services, from published formats.

Owns: data only.
"""

from __future__ import annotations

from typing import Final

from wsinspect.rules.detect.secrets_form import HEX_UUID, Secret, named, token

__all__ = ["APPS"]

APPS: Final[tuple[Secret, ...]] = (
    # Payment and commerce
    token(
        "stripe-key",
        "Stripe key",
        "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_",
        r"[rs]k_(?:live|test|prod)_[0-9A-Za-z]{16,}",
    ),
    token(
        "stripe-webhook-secret",
        "Stripe or Svix webhook secret",
        "whsec_",
        r"whsec_[0-9A-Za-z+/]{32,64}={0,2}",
        base64=True,
    ),
    token(
        "square-token",
        "Square token",
        "sq0atp- sq0csp- eaaa",
        r"sq0atp-[0-9A-Za-z_-]{22}|sq0csp-[0-9A-Za-z_-]{43}|EAAA[0-9A-Za-z_-]{22,60}",
        blob=True,
    ),
    token(
        "braintree-token",
        "PayPal Braintree token",
        "access_token$",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    token(
        "plaid-token",
        "Plaid token",
        "access-sandbox- access-development- access-production-",
        rf"access-(?:sandbox|development|production)-{HEX_UUID}",
    ),
    token(
        "flutterwave-key",
        "Flutterwave secret key",
        "flwseck",
        r"FLWSECK(?:_TEST)?-[0-9A-Za-z]{32,64}-X",
    ),
    token(
        "razorpay-key", "Razorpay key", "rzp_live_ rzp_test_", r"rzp_(?:live|test)_[0-9A-Za-z]{14}"
    ),
    named("mollie-key", "Mollie key", "mollie", r"(?:live|test)_[0-9A-Za-z]{30}"),
    named(
        "gocardless-token", "GoCardless token", "gocardless", r"(?:live|sandbox)_[0-9A-Za-z_-]{40}"
    ),
    token(
        "shopify-token",
        "Shopify token",
        "shpat_ shpca_ shppa_ shpss_",
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    ),
    token(
        "easypost-key",
        "EasyPost key",
        "ezak ezat eztk",
        r"EZ(?:AK|AT|TK)[0-9A-Za-z]{54}",
        blob=True,
    ),
    token("duffel-token", "Duffel token", "duffel_", r"duffel_(?:live|test)_[0-9A-Za-z_-]{43}"),
    token("shippo-token", "Shippo token", "shippo_", r"shippo_(?:live|test)_[0-9a-f]{40}"),
    named("binance-key", "Binance key", "binance", r"[0-9A-Za-z]{64}", entropy=4.0),
    named(
        "coinbase-key",
        "Coinbase key",
        "coinbase",
        r"[0-9A-Za-z_-]{64}|[0-9A-Za-z+/]{86}==",
        entropy=4.0,
    ),
    named("lob-key", "Lob key", "lob", r"(?:live|test)_[0-9a-f]{35}"),
    # Chat
    token(
        "slack-token",
        "Slack token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xoxo-",
        r"xox[abcdoprs]-(?:[0-9A-Za-z%+/]{1,64}-){0,5}[0-9A-Za-z%+/=]{10,}",
        entropy=2.6,
        base64=True,
    ),
    token(
        "slack-app-token",
        "Slack app-level token",
        "xapp-",
        r"xapp-[0-9]-A[0-9A-Z]{8,14}-[0-9]{8,16}-[0-9a-f]{60,70}",
    ),
    token(
        "slack-config-token",
        "Slack configuration token",
        "xoxe",
        r"xoxe(?:\.xox[bp])?-[0-9]-[0-9A-Za-z]{140,}",
    ),
    token(
        "slack-webhook",
        "Slack webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[0-9A-Z]{8,14}/[0-9A-Za-z]{8,24}/"
        r"(?:[0-9A-Za-z]{8,24}/)?[0-9A-Za-z]{20,40}",
    ),
    token(
        "discord-bot-token",
        "Discord bot token",
        "",
        r"[MNO][0-9A-Za-z_-]{23,27}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38}",
        entropy=4.0,
    ),
    token(
        "discord-webhook",
        "Discord webhook",
        "/api/webhooks/",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[0-9A-Za-z_-]{60,68}",
    ),
    token(
        "telegram-bot-token",
        "Telegram bot token",
        ":aa",
        r"[0-9]{8,10}:AA[0-9A-Za-z_-]{32,34}",
        begin=r"\b(?:bot)?",  # api.telegram.org/bot…/
    ),
    named("zoom-secret", "Zoom client secret", "zoom", r"[0-9A-Za-z]{32}", entropy=3.7),
    token("intercom-token", "Intercom token", "dg9r", r"dG9rO[0-9A-Za-z+/]{54}=", blob=True),
    # Mail and telephony
    token("twilio-key", "Twilio API key", "sk", r"SK[0-9a-f]{32}"),
    named("twilio-auth-token", "Twilio auth token", "twilio", r"[0-9a-f]{32}"),
    token("sendgrid-key", "SendGrid key", "sg.", r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}"),
    token("mailgun-key", "Mailgun key", "key-", r"key-[0-9a-f]{32}"),
    named("mailgun-sending-key", "Mailgun key", "mailgun", r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
    token("mailchimp-key", "Mailchimp key", "-us", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    named(
        "mandrill-key",
        "Mandrill key",
        "mandrill",
        r"md-[0-9A-Za-z_-]{22}|[0-9A-Za-z_-]{22}",
        entropy=3.3,
    ),
    named("postmark-token", "Postmark token", "postmark", HEX_UUID),
    token("resend-key", "Resend key", "re_", r"re_[0-9A-Za-z]{8}_[0-9A-Za-z]{24}"),
    token(
        "brevo-key",
        "Brevo key",
        "xkeysib- xsmtpsib-",
        r"x(?:key|smtp)sib-[0-9a-f]{64}-[0-9A-Za-z]{16}",
    ),
    named("sparkpost-key", "SparkPost key", "sparkpost", r"[0-9a-f]{40}"),
    named("vonage-secret", "Vonage secret", "vonage nexmo", r"[0-9A-Za-z]{16}", entropy=2.9),
    named("messagebird-key", "MessageBird key", "messagebird", r"[0-9A-Za-z]{25}", entropy=3.3),
    # Office, design, identity
    token("airtable-token", "Airtable token", "pat", r"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}"),
    token(
        "notion-token",
        "Notion token",
        "ntn_ secret_",
        r"ntn_[0-9A-Za-z]{46}|secret_[0-9A-Za-z]{43}",
    ),
    token(
        "linear-key",
        "Linear key",
        "lin_api_ lin_oauth_",
        r"lin_api_[0-9A-Za-z]{40}|lin_oauth_[0-9a-f]{64}",
    ),
    token(
        "asana-token",
        "Asana personal access token",
        "0/ 1/ 2/",
        r"[012]/[0-9]{16}(?:/[0-9]{16})?:[0-9a-f]{32}",
    ),
    token("figma-token", "Figma token", "figd_", r"figd_[0-9A-Za-z_-]{40,60}"),
    token("dropbox-token", "Dropbox token", "sl.", r"sl\.(?:u\.)?[0-9A-Za-z_-]{130,}"),
    token("typeform-token", "Typeform token", "tfp_", r"tfp_[0-9A-Za-z_.=-]{59}", base64=True),
    token("contentful-token", "Contentful token", "cfpat-", r"CFPAT-[0-9A-Za-z_-]{43}"),
    token(
        "hubspot-token",
        "HubSpot private app token",
        "pat-na pat-eu pat-ap",
        rf"pat-(?:na|eu|ap)[0-9]-{HEX_UUID}",
    ),
    named("zendesk-token", "Zendesk token", "zendesk", r"[0-9A-Za-z]{40}", entropy=3.7),
    named("okta-token", "Okta token", "okta ssws", r"00[0-9A-Za-z_-]{40}"),
    token(
        "salesforce-token",
        "Salesforce session or access token",
        "00d",
        r"00D[0-9A-Za-z]{12,15}![0-9A-Za-z._]{80,}",
        blob=True,
    ),
    token(
        "stytch-secret",
        "Stytch secret",
        "secret-live- secret-test-",
        r"secret-(?:live|test)-[0-9A-Za-z_-]{35}=",
        base64=True,
    ),
    token(
        "onfido-token",
        "Onfido token",
        "api_live api_sandbox",
        r"api_(?:live|sandbox)(?:_[a-z]{2})?\.[0-9A-Za-z_-]{11}\.[0-9A-Za-z_-]{32}",
    ),
    token("frameio-token", "Frame.io token", "fio-u-", r"fio-u-[0-9A-Za-z_-]{64}"),
    # Maps and social networks
    token(
        "mapbox-secret-token",
        "Mapbox secret token",
        "sk.eyj",
        r"sk\.eyJ[0-9A-Za-z_-]{40,}\.[0-9A-Za-z_-]{22}",
    ),
    token(
        "facebook-token",
        "Facebook access token",
        "eaa",
        r"EAA[0-9A-Za-z]{90,}",
        entropy=3.5,
        blob=True,
    ),
    named(
        "facebook-app-token",
        "Facebook app access token",
        "facebook fb_ access_token",
        r"[0-9]{15,16}(?:\||%7[Cc])[0-9A-Za-z_-]{27}",
    ),
    token(
        "instagram-token",
        "Instagram token",
        "igq igaa",
        r"IG(?:Q[WV]|AA)[0-9A-Za-z_-]{80,}",
        blob=True,
    ),
    token(
        "twitter-bearer-token",
        "X bearer token",
        "aaaaaaaaaaaaaaaaaaaa",
        r"A{20,22}[0-9A-Za-z%]{60,120}",
        entropy=3.5,
        blob=True,
    ),
    named(
        "linkedin-secret",
        "LinkedIn client secret",
        "linkedin",
        r"(?:WPL_AP1\.)?[0-9A-Za-z+/=.]{16,44}",
        entropy=3.2,
    ),
)
