"""A record with a header that the client for Python refuses to write: its name is no UTF-8."""

from __future__ import annotations

from ctypes import CDLL, c_char_p, c_int, c_int32, c_size_t, c_ssize_t, c_void_p, create_string_buffer
from itertools import chain
from pathlib import Path

import confluent_kafka

_PRODUCER, _COPY, _MILLISECONDS = 0, 2, 20_000
# Of ``rd_kafka_vtype_t`` in librdkafka's ``rdkafka.h``.
_END, _TOPIC, _PARTITION, _VALUE, _KEY, _FLAGS, _HEADER = 0, 1, 3, 4, 5, 7, 9


def write(bootstrap_servers: str, topic: str, key: bytes, value: bytes, name: bytes = b"\xff") -> None:
    """Write it to partition 0, by librdkafka itself."""
    (library,) = Path(confluent_kafka.__file__).parents[1].glob("confluent_kafka.libs/librdkafka*")
    kafka = CDLL(str(library))
    for function in (kafka.rd_kafka_conf_new, kafka.rd_kafka_new):
        function.restype = c_void_p
    said = create_string_buffer(512)
    conf = c_void_p(kafka.rd_kafka_conf_new())
    kafka.rd_kafka_conf_set(conf, b"bootstrap.servers", bootstrap_servers.encode(), said, c_size_t(len(said)))
    producer = c_void_p(kafka.rd_kafka_new(c_int(_PRODUCER), conf, said, c_size_t(len(said))))
    assert producer, said.value
    record = (
        (c_int(_TOPIC), c_char_p(topic.encode())),
        (c_int(_PARTITION), c_int32(0), c_int(_FLAGS), c_int(_COPY)),
        (c_int(_KEY), c_char_p(key), c_size_t(len(key))),
        (c_int(_VALUE), c_char_p(value), c_size_t(len(value))),
        (c_int(_HEADER), c_char_p(name), c_char_p(b"x"), c_ssize_t(1), c_int(_END)),
    )
    assert kafka.rd_kafka_producev(producer, *chain.from_iterable(record)) == 0
    assert kafka.rd_kafka_flush(producer, c_int(_MILLISECONDS)) == 0
    kafka.rd_kafka_destroy(producer)
