"""How the SDK reaches Kafka: the client settings every connection shares, and aiokafka's errors as ours."""

from __future__ import annotations

import ssl
from typing import Any

import aiokafka.errors as kafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.conn import collect_hosts, create_conn

from ketenbus.errors import BusError, ConfigurationError, RetryableError
from ketenbus.settings import PartnerSettings

#: The errors that waiting does not cure, each with what to do. Whatever is not here is taken as passing: the caller
#: keeps its events and tries again, so a cause we do not know delays but never loses.
LASTING: dict[type[Exception], str] = {
    kafka.AuthenticationMethodNotSupported: "the broker takes no SCRAM-SHA-256: check `protocol` and the address",
    kafka.UnsupportedSaslMechanismError: "the broker takes no SCRAM-SHA-256: check `protocol` and the address",
    kafka.IllegalSaslStateError: "the broker takes no SCRAM-SHA-256: check `protocol` and the address",
    kafka.AuthenticationFailedError: "the broker does not know this user and password: ask the operator of the bus",
    kafka.SaslAuthenticationFailed: "the broker does not know this user and password: ask the operator of the bus",
    kafka.TopicAuthorizationFailedError: "this user may not use the topic: ask the operator of the bus",
    kafka.GroupAuthorizationFailedError: "this user may not use the consumer group: take a group of your own",
    kafka.ClusterAuthorizationFailedError: "this user has no rights on the cluster: ask the operator of the bus",
    kafka.MessageSizeTooLargeError: "the broker takes no event of this size: ask the operator of the bus",
    kafka.RecordTooLargeError: "the broker takes no event of this size: ask the operator of the bus",
    kafka.InvalidTopicError: "the topic's name is not allowed: check the recipient and the purpose",
    kafka.UnsupportedVersionError: "the broker is too old or too new for this SDK: install the bus's own version",
    kafka.IncompatibleBrokerVersion: "the broker is too old or too new for this SDK: install the bus's own version",
    kafka.UnrecognizedBrokerVersion: "the broker is too old or too new for this SDK: install the bus's own version",
    kafka.UnsupportedCodecError: "a compression library is missing: install aiokafka[all]",
}

#: Everything a Kafka client raises when the far side is away, slow or refuses.
FAULTS = (kafka.KafkaError, OSError, TimeoutError, kafka.ConsumerStoppedError, kafka.IllegalOperation)


def client_settings(settings: PartnerSettings) -> dict[str, Any]:
    """Return what every aiokafka client of this partner is made with."""
    return {
        "bootstrap_servers": settings.kafka,
        "client_id": settings.id,
        "security_protocol": settings.protocol,
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": settings.user,
        "sasl_plain_password": settings.password,
        "ssl_context": _tls(settings),
    }


def fault(error: BaseException, doing: str) -> BusError:
    """Return our error for a Kafka client's, saying what was being done and what to do now."""
    for kind in type(error).__mro__:
        if kind in LASTING:
            return ConfigurationError(f"{doing}: {LASTING[kind]} ({type(error).__name__})")
    return RetryableError(f"{doing}: Kafka is away or slow ({type(error).__name__}); nothing is lost, try again")


async def start(client: AIOKafkaProducer | AIOKafkaConsumer, settings: PartnerSettings) -> None:
    """Start an aiokafka client, or close it and raise why it did not start."""
    try:
        await client.start()
    except kafka.KafkaConnectionError:
        await client.stop()
        await _connect_once(settings)
        raise
    except BaseException:
        await client.stop()
        raise


async def _connect_once(settings: PartnerSettings) -> None:
    """Connect and close again: this raises a wrong password, which a starting aiokafka client logs and hides."""
    host, port, _ = collect_hosts(settings.kafka)[0]
    access = {name: value for name, value in client_settings(settings).items() if name != "bootstrap_servers"}
    (await create_conn(host, port, **access)).close()


async def require_topic(consumer: AIOKafkaConsumer, topic: str) -> None:
    """Raise ConfigurationError unless this consumer's user may read the topic.

    aiokafka only logs that it may not, and then reads nothing for ever: a view nobody opened would look empty.
    """
    if topic not in await consumer.topics():
        raise ConfigurationError(
            f"{topic} is not there or not for this user: check the name, ask the operator of the bus"
        )


def _tls(settings: PartnerSettings) -> ssl.SSLContext | None:
    if settings.protocol != "SASL_SSL":
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigurationError(f"{settings.ca_file}: no certificate can be read there: check `ca_file`") from error
