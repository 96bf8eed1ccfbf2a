"""What is counted, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The gateway's counters; one registry an application, so that two can live in one process."""

    def __init__(self) -> None:
        """All start at zero."""
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "troly_messages",
            "Messages received, by what became of them",
            ["channel", "result"],
            registry=self.registry,
        )
        self.replies = Counter(
            "troly_replies", "Turns answered, by answer status", ["channel", "status"], registry=self.registry
        )
        self.failures = Counter(
            "troly_turn_failures", "Tries that ended without an answer", ["reason"], registry=self.registry
        )
        self.queue = Gauge(
            "troly_queue_length", "Messages that wait for their answer", registry=self.registry
        )
        self.rasas = Gauge("troly_rasa_workers", "Rasa processes that answer", registry=self.registry)
        self.streams = Gauge("troly_event_streams", "Open event streams", registry=self.registry)
        self.acknowledged = Histogram(
            "troly_acknowledge_seconds", "From request to stored", buckets=_SECONDS, registry=self.registry
        )
        self.rasa = Histogram(
            "troly_rasa_seconds", "One call of Rasa", buckets=_SECONDS, registry=self.registry
        )
        self.turn = Histogram(
            "troly_turn_seconds", "From received to answered", buckets=_SECONDS, registry=self.registry
        )
        self.sends = Counter(
            "troly_sends",
            "Replies handed to platforms, by what became of each try",
            ["channel", "result"],
            registry=self.registry,
        )
        self.calls = Histogram(
            "troly_send_seconds",
            "One call of a platform",
            ["channel"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.delivered = Histogram(
            "troly_delivered_seconds",
            "From stored to taken by the platform",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.unsent = Gauge(
            "troly_unsent_replies", "Replies that wait to be sent", ["channel"], registry=self.registry
        )
        self.parked = Gauge(
            "troly_parked_messages", "Messages that could not be answered", registry=self.registry
        )

    def render(self) -> bytes:
        """The text format that Prometheus reads."""
        return generate_latest(self.registry)
