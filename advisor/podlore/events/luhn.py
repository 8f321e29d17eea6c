"""Tell a payment card's number from other long numbers: an issuer's prefix, a length it uses, and the Luhn sum."""

_LENGTHS_BY_PREFIX = (
    (range(4, 5), {13, 16, 19}),
    (range(51, 56), {16}),
    (range(2221, 2721), {16}),
    (range(34, 35), {15}),
    (range(37, 38), {15}),
    (range(300, 306), {14}),
    (range(36, 37), {14}),
    (range(38, 40), {14}),
    (range(6011, 6012), {16, 19}),
    (range(644, 660), {16, 19}),
    (range(3528, 3590), {16, 19}),
    (range(62, 63), {16, 17, 18, 19}),
    (range(50, 51), {13, 16, 19}),
    (range(56, 59), {13, 16, 19}),
    (range(67, 68), {16, 19}),
)


def is_card(text: str) -> bool:
    """Return whether digits, perhaps in groups, are the number of a card.

    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112"), is_card("1700000000000")
    (True, False, False)
    """
    digits = "".join(character for character in text if character.isdigit())
    return _is_issued(digits) and luhn_sum(digits) % 10 == 0


def _is_issued(digits: str) -> bool:
    return any(
        len(digits) in lengths and int(digits[: len(str(prefixes[0]))]) in prefixes
        for prefixes, lengths in _LENGTHS_BY_PREFIX
    )


def luhn_sum(digits: str) -> int:
    """Return the Luhn checksum of a text of digits; a valid number's is divisible by ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total
