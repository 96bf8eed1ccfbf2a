"""Rasa as its documentation sets it up, with our sentences and rules: what `troly bench` compares with."""
