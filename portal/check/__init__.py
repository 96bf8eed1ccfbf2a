"""The conformance test that an integrator runs against their own system: troly portal check."""
