"""Small coding tasks, written for this benchmark: a request, the definition to keep, and pytest tests of it.

They go from what any model can write to what takes care, so that weak models pass some and strong ones most. The tests
were written from the request alone; each holds what the request says, its edges included.
"""

from __future__ import annotations

from omni_assets.router.task import Task


def _task(name: str, request: str, signature: str, tests: str) -> Task:
    return Task(
        id=name,
        task_class="code-generation",
        inputs={"request": request},
        signature=signature,
        tests=tests,
    )


TASKS: tuple[Task, ...] = (
    _task(
        "add",
        "Write a function that returns the sum of two numbers.",
        "def add(a, b):",
        """
from answer import add

def test_numbers():
    assert add(2, 3) == 5
    assert add(-1, 1) == 0
    assert add(0.5, 0.25) == 0.75
""",
    ),
    _task(
        "is-even",
        "Write a function that says whether a whole number is even.",
        "def is_even(number):",
        """
from answer import is_even

def test_even():
    assert is_even(0) is True
    assert is_even(-4) is True

def test_odd():
    assert is_even(7) is False
    assert is_even(-1) is False
""",
    ),
    _task(
        "reverse",
        "Write a function that returns a text backwards.",
        "def reverse(text):",
        """
from answer import reverse

def test_backwards():
    assert reverse("abc") == "cba"
    assert reverse("") == ""
    assert reverse("a b") == "b a"
""",
    ),
    _task(
        "square-area",
        "Write a function that returns the area of a square with the given side.",
        "def square_area(side):",
        """
from answer import square_area

def test_area():
    assert square_area(3) == 9
    assert square_area(0) == 0
    assert square_area(1.5) == 2.25
""",
    ),
    _task(
        "maximum",
        "Write a function that returns the largest number of a list, and None for an empty list.",
        "def maximum(numbers):",
        """
from answer import maximum

def test_largest():
    assert maximum([3, 9, 2]) == 9
    assert maximum([-3, -1, -2]) == -1

def test_nothing():
    assert maximum([]) is None
""",
    ),
    _task(
        "factorial",
        "Write a function that returns the factorial of a whole number that is not negative.",
        "def factorial(n):",
        """
from answer import factorial

def test_factorials():
    assert [factorial(n) for n in range(6)] == [1, 1, 2, 6, 24, 120]
    assert factorial(20) == 2432902008176640000
""",
    ),
    _task(
        "celsius",
        "Write a function that converts degrees Fahrenheit to degrees Celsius.",
        "def to_celsius(fahrenheit):",
        """
import pytest
from answer import to_celsius

def test_degrees():
    assert to_celsius(32) == pytest.approx(0)
    assert to_celsius(212) == pytest.approx(100)
    assert to_celsius(-40) == pytest.approx(-40)
""",
    ),
    _task(
        "vowels",
        "Write a function that counts the vowels a, e, i, o, u in a text, capitals included.",
        "def count_vowels(text):",
        """
from answer import count_vowels

def test_vowels():
    assert count_vowels("banana") == 3
    assert count_vowels("AEIOU") == 5
    assert count_vowels("rhythm") == 0
    assert count_vowels("") == 0
""",
    ),
    _task(
        "fizzbuzz",
        "Write a function that returns the list of texts from 1 to n, where multiples of 3 are 'Fizz', multiples of 5 "
        "are 'Buzz', and multiples of both are 'FizzBuzz'.",
        "def fizzbuzz(n):",
        """
from answer import fizzbuzz

def test_fifteen():
    assert fizzbuzz(5) == ["1", "2", "Fizz", "4", "Buzz"]
    assert fizzbuzz(15)[-1] == "FizzBuzz"
    assert fizzbuzz(0) == []
""",
    ),
    _task(
        "palindrome",
        "Write a function that says whether a text reads the same backwards. Only letters and digits count, and "
        "capitals are the same as small letters.",
        "def is_palindrome(text):",
        """
from answer import is_palindrome

def test_plain():
    assert is_palindrome("level")
    assert not is_palindrome("python")

def test_marks_and_capitals():
    assert is_palindrome("A man, a plan, a canal: Panama")
    assert is_palindrome("")
    assert not is_palindrome("0P")
""",
    ),
    _task(
        "fibonacci",
        "Write a function that returns the list of the first n Fibonacci numbers, which begin with 0 and 1.",
        "def fibonacci(n):",
        """
from answer import fibonacci

def test_first():
    assert fibonacci(7) == [0, 1, 1, 2, 3, 5, 8]

def test_few():
    assert fibonacci(0) == []
    assert fibonacci(1) == [0]
    assert fibonacci(2) == [0, 1]
""",
    ),
    _task(
        "primes",
        "Write a function that returns the list of all prime numbers that are less than or equal to n.",
        "def primes_up_to(n):",
        """
from answer import primes_up_to

def test_primes():
    assert primes_up_to(20) == [2, 3, 5, 7, 11, 13, 17, 19]
    assert primes_up_to(2) == [2]
    assert primes_up_to(1) == []
""",
    ),
    _task(
        "word-counts",
        "Write a function that counts how often each word occurs in a text. Words are separated by white space and "
        "compared in small letters. It returns a dict from word to count.",
        "def word_counts(text):",
        """
from answer import word_counts

def test_counts():
    assert dict(word_counts("To be or not to be")) == {"to": 2, "be": 2, "or": 1, "not": 1}
    assert dict(word_counts("")) == {}
    assert dict(word_counts("a  a\\nb")) == {"a": 2, "b": 1}
""",
    ),
    _task(
        "unique",
        "Write a function that removes duplicates from a list and keeps the order in which the items came first.",
        "def unique(items):",
        """
from answer import unique

def test_order():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]
    assert unique(["b", "a", "b"]) == ["b", "a"]
    assert unique([]) == []
""",
    ),
    _task(
        "flatten",
        "Write a function that flattens a list of lists, nested to any depth, into one list.",
        "def flatten(nested):",
        """
from answer import flatten

def test_depth():
    assert flatten([1, [2, [3, [4]]], 5]) == [1, 2, 3, 4, 5]
    assert flatten([]) == []
    assert flatten([[], [[]]]) == []

def test_texts_are_items():
    assert flatten(["ab", ["cd"]]) == ["ab", "cd"]
""",
    ),
    _task(
        "chunks",
        "Write a function that cuts a list into lists of the given size; the last one may be shorter.",
        "def chunks(items, size):",
        """
from answer import chunks

def test_chunks():
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(chunks([], 3)) == []
    assert list(chunks([1], 3)) == [[1]]
""",
    ),
    _task(
        "gcd",
        "Write a function that returns the greatest common divisor of two whole numbers that are not negative.",
        "def gcd(a, b):",
        """
from answer import gcd

def test_divisors():
    assert gcd(12, 18) == 6
    assert gcd(7, 5) == 1
    assert gcd(0, 5) == 5
    assert gcd(5, 0) == 5
""",
    ),
    _task(
        "balanced",
        "Write a function that says whether the brackets (), [] and {} in a text are balanced and properly nested. "
        "Other characters do not matter.",
        "def balanced(text):",
        """
from answer import balanced

def test_balanced():
    assert balanced("f(a[0]) + {b}")
    assert balanced("")

def test_not():
    assert not balanced("(]")
    assert not balanced("([)]")
    assert not balanced("(")
    assert not balanced(")")
""",
    ),
    _task(
        "roman",
        "Write a function that writes a whole number from 1 to 3999 as a Roman numeral.",
        "def to_roman(number):",
        """
from answer import to_roman

def test_numerals():
    assert to_roman(1) == "I"
    assert to_roman(4) == "IV"
    assert to_roman(9) == "IX"
    assert to_roman(58) == "LVIII"
    assert to_roman(1994) == "MCMXCIV"
    assert to_roman(3999) == "MMMCMXCIX"
""",
    ),
    _task(
        "binary-search",
        "Write a function that finds a number in a sorted list by binary search. It returns the index, or -1 where the "
        "number is not in the list.",
        "def binary_search(numbers, wanted):",
        """
from answer import binary_search

def test_found():
    numbers = [1, 3, 5, 7, 9]
    assert [binary_search(numbers, each) for each in numbers] == [0, 1, 2, 3, 4]

def test_not_found():
    assert binary_search([1, 3, 5], 4) == -1
    assert binary_search([], 1) == -1
""",
    ),
    _task(
        "merge-intervals",
        "Write a function that merges intervals that overlap or touch. Intervals are pairs (start, end) in any order; "
        "the result is a sorted list of tuples.",
        "def merge(intervals):",
        """
from answer import merge

def test_merged():
    assert [tuple(each) for each in merge([(5, 8), (1, 3), (2, 4)])] == [(1, 4), (5, 8)]
    assert [tuple(each) for each in merge([(1, 2), (2, 3)])] == [(1, 3)]
    assert [tuple(each) for each in merge([(1, 9), (2, 3)])] == [(1, 9)]
    assert list(merge([])) == []
""",
    ),
    _task(
        "run-lengths",
        "Write a function that encodes a text by run lengths: each run of one character becomes the character and the "
        "length of the run, so 'aaab' becomes 'a3b1'.",
        "def run_lengths(text):",
        """
from answer import run_lengths

def test_runs():
    assert run_lengths("aaab") == "a3b1"
    assert run_lengths("abc") == "a1b1c1"
    assert run_lengths("") == ""
    assert run_lengths("z" * 12) == "z12"
""",
    ),
    _task(
        "parse-duration",
        "Write a function that turns a duration such as '1h30m', '45s' or '2d' into seconds. The units are d, h, m and "
        "s; a text that is no duration raises ValueError.",
        "def seconds(duration):",
        """
import pytest
from answer import seconds

def test_durations():
    assert seconds("45s") == 45
    assert seconds("1h30m") == 5400
    assert seconds("2d") == 172800

@pytest.mark.parametrize("wrong", ["", "h", "5", "5x", "1h 30m junk"])
def test_no_duration(wrong):
    with pytest.raises(ValueError):
        seconds(wrong)
""",
    ),
    _task(
        "evaluate",
        "Write a function that evaluates an arithmetic expression with whole numbers, + - * / and parentheses, and "
        "returns a number. It must not use eval or exec.",
        "def evaluate(expression):",
        """
import inspect
import answer
import pytest
from answer import evaluate

def test_precedence():
    assert evaluate("2 + 3 * 4") == pytest.approx(14)
    assert evaluate("(2 + 3) * 4") == pytest.approx(20)
    assert evaluate("8 / 4 / 2") == pytest.approx(1)
    assert evaluate("10-4-3") == pytest.approx(3)

def test_no_eval():
    source = inspect.getsource(answer)
    assert "eval(" not in source.replace("evaluate(", "") and "exec(" not in source
""",
    ),
)
"""The tasks, from easy to hard."""
