"""First names, common enough to be one token for most models that read English."""

from typing import Final

WOMEN: Final = (
    "Alice", "Amy", "Andrea", "Angela", "Anna", "Anne", "Barbara", "Carol", "Christine", "Claire",
    "Diana", "Elizabeth", "Ellen", "Emily", "Emma", "Eva", "Grace", "Hannah", "Helen", "Jane",
    "Jennifer", "Jessica", "Julia", "Karen", "Kate", "Laura", "Linda", "Lisa", "Lucy", "Margaret",
    "Maria", "Martha", "Mary", "Michelle", "Nancy", "Olivia", "Rachel", "Rebecca", "Rose", "Ruth",
    "Sarah", "Sophie", "Susan", "Victoria",
)  # fmt: skip
MEN: Final = (
    "Adam", "Alan", "Alexander", "Andrew", "Anthony", "Arthur", "Ben", "Brian", "Charles",
    "Christopher", "Daniel", "David", "Edward", "Eric", "Frank", "Fred", "George", "Harry", "Henry",
    "Jack", "Jacob", "James", "John", "Joseph", "Kevin", "Luke", "Mark", "Martin", "Matthew",
    "Michael", "Nick", "Oliver", "Patrick", "Paul", "Peter", "Philip", "Richard", "Robert", "Roger",
    "Samuel", "Simon", "Stephen", "Steven", "Thomas", "Tom", "Walter", "William",
)  # fmt: skip
