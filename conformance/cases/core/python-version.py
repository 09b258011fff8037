def act(p, type):
    with p.refused() as said:
        p.another("consumer", {"api": "3.99"})
    p.check("the running Python has" in "".join(said), "the message says what runs")
