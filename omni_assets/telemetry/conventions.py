"""The names that traces and metrics go by: OpenTelemetry's semantic conventions at one version, and omni's own.

1.41.1 is the last version that holds messaging and gen_ai alike: 1.42.0 moved gen_ai to a repository of its own, which
has no release yet. Both are still in development, so nothing else in omni uses their names: receipts have their own.
https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs
"""

from __future__ import annotations

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.1"

# messaging/messaging-spans.md, messaging/kafka.md
MESSAGING_SYSTEM = "messaging.system"
MESSAGING_OPERATION_NAME = "messaging.operation.name"
MESSAGING_OPERATION_TYPE = "messaging.operation.type"
MESSAGING_DESTINATION_NAME = "messaging.destination.name"
MESSAGING_DESTINATION_PARTITION_ID = "messaging.destination.partition.id"
MESSAGING_CONSUMER_GROUP_NAME = "messaging.consumer.group.name"
MESSAGING_MESSAGE_ID = "messaging.message.id"
MESSAGING_KAFKA_OFFSET = "messaging.kafka.offset"
KAFKA = "kafka"
CREATE, PROCESS = "create", "process"

# cloudevents/cloudevents-spans.md
CLOUDEVENTS_EVENT_ID = "cloudevents.event_id"
CLOUDEVENTS_EVENT_SOURCE = "cloudevents.event_source"
CLOUDEVENTS_EVENT_TYPE = "cloudevents.event_type"

# gen-ai/gen-ai-spans.md, gen-ai/gen-ai-metrics.md
GEN_AI_OPERATION_NAME = "gen_ai.operation.name"
GEN_AI_PROVIDER_NAME = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
GEN_AI_REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
GEN_AI_REQUEST_TEMPERATURE = "gen_ai.request.temperature"
GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - what is counted, no secret
GEN_AI_CLIENT_OPERATION_DURATION = "gen_ai.client.operation.duration"
GEN_AI_CLIENT_TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105
CHAT = "chat"
INPUT, OUTPUT = "input", "output"

# general/attributes.md, general/recording-errors.md, cicd/cicd-spans.md, cli/cli-spans.md
SERVER_ADDRESS = "server.address"
ERROR_TYPE = "error.type"
CICD_PIPELINE_NAME = "cicd.pipeline.name"
CICD_PIPELINE_RUN_ID = "cicd.pipeline.run.id"
PROCESS_EXIT_CODE = "process.exit.code"

NODE = "omni.node"
TOPIC = "omni.topic"
RECEIPT = "omni.receipt"
OUTCOME = "omni.outcome"
ATTEMPT = "omni.attempt"
ATTEMPTS = "omni.attempts"
REPLAY = "omni.replay"
CORRELATION = "omni.correlation"
TASK_CLASS = "omni.task_class"
MODEL = "omni.model"
"""The name of a model in the catalog."""

LOCATION = "omni.location"
AGREES = "omni.agrees"
VERDICT = "omni.verdict"
BROKER_CALLS = "omni.broker.calls"
"""How many requests to the broker an admin call took."""
