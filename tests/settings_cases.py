"""Environments that are refused, with the words that say so, and ones that are taken."""

from __future__ import annotations

SECRET = "a" * 32

SIGNED = "whsec_" + "c2VjcmV0" * 4
CALLED = {"REELSCORE_REPLICATE_WEBHOOK": "https://x.org/replicate", "REELSCORE_HEALTH_PORT": "9000"}

UNSAFE: list[tuple[dict[str, str], str, str]] = [
    ({"REELSCORE_SLOT": "hunter"}, "no setting REELSCORE_SLOT", "REELSCORE_SLOTS"),
    ({"REELSCORE_OWNER": "hunter"}, "no setting REELSCORE_OWNER", "REELSCORE_OWNERS"),
    ({"REELSCORE_TELEGRAM_TOKEN": "hunter"}, "no setting REELSCORE_TELEGRAM_TOKEN", "REELSCORE_TELEGRAM_API"),
    ({"REELSCORE_SLOTS": "hunter"}, "REELSCORE_SLOTS: ", ".env"),
    ({"REELSCORE_SLOTS": "0"}, "REELSCORE_SLOTS: ", ".env"),
    ({"REELSCORE_KEEP_DAYS": "-1"}, "REELSCORE_KEEP_DAYS: ", ".env"),
    ({"REELSCORE_DRAIN_S": "nan"}, "REELSCORE_DRAIN_S: ", ".env"),
    ({"REELSCORE_HEALTH_PORT": "70000"}, "REELSCORE_HEALTH_PORT: ", ".env"),
    ({"REELSCORE_LOG_FORMAT": "xml"}, "REELSCORE_LOG_FORMAT: ", ".env"),
    ({"REELSCORE_OWNERS": "hunter"}, "REELSCORE_OWNERS: write telegram:NUMBER", ".env"),
    ({"TELEGRAM_BOT_TOKEN": "hunter2secret"}, "TELEGRAM_BOT_TOKEN: ", ".env"),
    ({"DISCORD_BOT_TOKEN": "Bot hunter2secret"}, "DISCORD_BOT_TOKEN: ", ".env"),
    ({"REDIS_URL": "redis://redis.example.org:6379"}, "without a password", "requirepass"),
    ({"REDIS_URL": "rediss://10.0.0.1"}, "without a password", "requirepass"),
    ({"REDIS_URL": "redis://hunter@10.0.0.1"}, "without a password", "requirepass"),
    ({"REDIS_URL": "http://:hunter2secret@localhost"}, "not the address", "redis://"),
    ({"REELSCORE_WEBHOOK_URL": "https://x.org/hook"}, "without a good REELSCORE_WEBHOOK_SECRET", "openssl"),
    (
        {"REELSCORE_WEBHOOK_URL": "https://x.org/hook", "REELSCORE_WEBHOOK_SECRET": "hunter2"},
        "without a good REELSCORE_WEBHOOK_SECRET",
        "16-256",
    ),
    ({"REELSCORE_WEBHOOK_URL": "http://x.org/hook", "REELSCORE_WEBHOOK_SECRET": SECRET}, "https", "proxy"),
    ({"REELSCORE_WEBHOOK_URL": "ftp://x.org", "REELSCORE_WEBHOOK_SECRET": SECRET}, "REELSCORE_WEBHOOK_URL: ", ""),
    ({"REELSCORE_TELEGRAM_API": "http://me:hunter2secret@x.org"}, "REELSCORE_TELEGRAM_API: ", ".env"),
    ({"REELSCORE_DEVICE": "hunter"}, "REELSCORE_DEVICE: ", ".env"),
    ({"REELSCORE_COMMERCIAL": "hunter"}, "REELSCORE_COMMERCIAL: ", ".env"),
    ({"REELSCORE_COMPOSER": "hunter:small"}, "REELSCORE_COMPOSER: there is no such composer", "musicgen"),
    ({"REELSCORE_COMPOSERS": "orchestra, hunter"}, "REELSCORE_COMPOSER: there is no such composer", "musicgen"),
    ({"REELSCORE_CAPTIONER": "hunter"}, "REELSCORE_CAPTIONER: there is no such captioner", "blip2"),
    ({"REELSCORE_SINGER": "hunter"}, "REELSCORE_SINGER: there is no such singer", "suno"),
    (CALLED, "without a good REPLICATE_WEBHOOK_SECRET", "default/secret"),
    (
        CALLED | {"REPLICATE_WEBHOOK_SECRET": "hunter2secret"},
        "without a good REPLICATE_WEBHOOK_SECRET",
        "replicate.com",
    ),
    (CALLED | {"REPLICATE_WEBHOOK_SECRET": SIGNED, "REELSCORE_HEALTH_PORT": "0"}, "nothing listens", "HEALTH_PORT"),
    ({"REELSCORE_REPLICATE_WEBHOOK": "http://x.org", "REPLICATE_WEBHOOK_SECRET": SIGNED}, "not an https", "proxy"),
]

NONE: list[dict[str, str]] = [
    CALLED | {"REPLICATE_WEBHOOK_SECRET": SIGNED},
    {"REDIS_URL": "redis://localhost:6379"},
    {"REDIS_URL": "redis://127.0.0.1:6379/3"},
    {"REDIS_URL": "redis://[::1]:6379"},
    {"REDIS_URL": "unix:///run/redis.sock"},
    {"REDIS_URL": "rediss://:hunter2secret@redis.example.org"},
    {"REELSCORE_WEBHOOK_URL": "https://x.org/hook", "REELSCORE_WEBHOOK_SECRET": SECRET},
    {"REELSCORE_WEBHOOK_URL": "http://127.0.0.1:80/hook", "REELSCORE_WEBHOOK_SECRET": SECRET},
    {
        "REELSCORE_WEBHOOK_URL": "http://bot/hook",
        "REELSCORE_WEBHOOK_SECRET": SECRET,
        "REELSCORE_TELEGRAM_API": "http://telegram-bot-api:8081",
    },
    {"REELSCORE_SLOTS": "", "REELSCORE_OWNERS": "", "TELEGRAM_BOT_TOKEN": ""},
    {"REELSCORE_LOG_FORMAT": "JSON", "REELSCORE_LOG_LEVEL": "WARNING"},
    {"REELSCORE_COMPOSER": "musicgen:/models/mine", "REELSCORE_DEVICE": "CUDA:1", "REELSCORE_COMMERCIAL": "true"},
]
