"""A key names one command: each readable command that schemathesis makes up gets a key of its own."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    is_readable = case.meta is not None and case.meta.generation.mode.is_positive
    if is_readable and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
