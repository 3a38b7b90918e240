"""What the receiver of webhooks takes and answers, as an OpenAPI description.

    python -m deployments.webhook_description > webhooks.openapi.json

The receiver answers `GET /webhooks/openapi.json` with it. Alerts' bodies are described as far as
they are read; senders add more.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from models.terms import JsonValue

INSTANT: JsonValue = {"type": ["string", "integer"], "description": "ISO 8601, or since 1970"}
EVENT: JsonValue = {
    "type": "object",
    "required": ["monitor", "condition", "at"],
    "additionalProperties": False,
    "properties": {
        "event": {"type": "string", "maxLength": 200},
        "monitor": {"type": "string", "minLength": 1, "maxLength": 200},
        "condition": {"enum": ["up", "down"]},
        "at": INSTANT,
        "region": {"type": "string", "maxLength": 200},
        "duration_seconds": {"type": "number", "minimum": 0},
    },
}
COUNT: JsonValue = {"type": "integer", "minimum": 0}
ACCEPTED: JsonValue = {
    "type": "object",
    "required": ["stored", "known", "kept_apart"],
    "additionalProperties": False,
    "properties": {"stored": COUNT, "known": COUNT, "kept_apart": COUNT},
}
NAME: JsonValue = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?$"}


def _answers(described: Mapping[int, str]) -> dict[str, JsonValue]:
    return {str(status): {"description": text} for status, text in described.items()}


REFUSALS = _answers(
    {
        401: "no secret of this sender, or no such sender",
        408: "the body did not arrive within ten seconds",
        413: "the body is over a million bytes",
        503: "not stored: send it again",
    }
)

ALERTS: JsonValue = {
    "operationId": "alert",
    "summary": "A monitor went down or came up",
    "parameters": [{"name": "source", "in": "path", "required": True, "schema": NAME}],
    "security": [{"bearer": []}, {"basic": []}, {"secret": []}, {"signature": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        EVENT,
                        {
                            "type": "object",
                            "required": ["events"],
                            "additionalProperties": False,
                            "properties": {
                                "events": {"type": "array", "items": EVENT, "maxItems": 1000}
                            },
                        },
                        {"type": "object", "description": "as the sender writes it"},
                    ]
                }
            },
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    },
    "responses": {
        "202": {
            "description": "stored, now or before; what could not be read is kept apart",
            "content": {"application/json": {"schema": ACCEPTED}},
        },
        **REFUSALS,
    },
}

DESCRIPTION: JsonValue = {
    "openapi": "3.1.0",
    "info": {"title": "Makegood's receiver of webhooks", "version": "1"},
    "paths": {
        "/webhooks/alerts/{source}": {"post": ALERTS},
        "/webhooks/openapi.json": {
            "get": {
                "operationId": "description",
                "summary": "This description",
                "responses": {
                    "200": {
                        "description": "the description",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
    },
    "components": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic"},
            "secret": {"type": "apiKey", "in": "header", "name": "X-Makegood-Secret"},
            "signature": {"type": "apiKey", "in": "header", "name": "Makegood-Signature"},
        }
    },
}
"""Stripe's own door is described by Stripe."""


if __name__ == "__main__":
    json.dump(DESCRIPTION, sys.stdout, indent=2)
