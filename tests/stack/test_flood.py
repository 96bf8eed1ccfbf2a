"""One visitor who sends far too much, with the limits of a deployment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from running import Running

_SENT = 50


def test_a_flood_is_refused_with_the_time_to_wait_and_others_are_answered(fragile: Running) -> None:
    with fragile.visitor("vi") as loud, fragile.visitor("vi") as calm:
        with ThreadPoolExecutor(16) as pool:
            sending = [
                pool.submit(loud.post, {"text": f"lệ phí khai sinh {number}"}, wait=False)
                for number in range(_SENT)
            ]
            other = calm.say("đăng ký khai sinh cần giấy tờ gì")
            responses = [one.result() for one in sending]
        assert other.about == ("1.001193", "documents")
        accepted = [one for one in responses if one.status_code == 202]
        refused = [one for one in responses if one.status_code == 429]
        assert len(accepted) + len(refused) == _SENT
        assert 1 <= len(accepted) < _SENT
        for response in refused:
            assert 1 <= int(response.headers["Retry-After"]) <= 60
            error = response.json()["error"]
            assert error["code"] == "rate_limited" and response.headers["Retry-After"] in error["message_vi"]
        # What was accepted is answered, each message once and in order.
        last = [line["text"] for line in loud.transcript() if line["from"] == "citizen"][-1]
        loud.until_answered(last)
        lines = loud.transcript()
        assert [line["state"] for line in lines if line["from"] == "citizen"] == ["done"] * len(accepted)
        records = [line["answer"] for line in lines if line["from"] == "bot" and line["answer"]]
        assert len(records) == len(accepted) + 1, "a greeting, and an answer for each message"
        assert calm.say("lệ phí thì sao").about == ("1.001193", "fee")


def test_one_address_cannot_open_conversations_without_end(fragile: Running) -> None:
    with fragile.visitor() as greedy:
        statuses = []
        for _ in range(70):
            response = greedy.http.post("/api/v1/conversations", headers={"Authorization": ""})
            statuses.append(response.status_code)
            if response.status_code != 200:
                break
        assert statuses[-1] == 429 and int(response.headers["Retry-After"]) >= 1
        assert response.json()["error"]["code"] == "too_many_conversations"
    with fragile.visitor() as other:
        assert other.say("xin chào").status == "smalltalk"
