"""First names, common enough to be one token for most models that read English."""

from typing import Final

WOMEN: Final = (
    "Abigail", "Agnes", "Alice", "Amy", "Andrea", "Angela", "Anna", "Anne", "Barbara", "Beth",
    "Betty", "Carol", "Caroline", "Christine", "Claire", "Deborah", "Diana", "Dorothy", "Edith",
    "Elizabeth", "Ellen", "Emily", "Emma", "Erin", "Esther", "Eva", "Frances", "Grace", "Hannah",
    "Harriet", "Heather", "Helen", "Iris", "Isabel", "Jane", "Janet", "Jennifer", "Jessica", "Joan",
    "Judith", "Julia", "Julie", "Juliet", "Karen", "Kate", "Katherine", "Kathleen", "Laura",
    "Linda", "Lisa", "Louise", "Lucy", "Margaret", "Maria", "Marie", "Martha", "Mary", "Michelle",
    "Molly", "Nancy", "Olivia", "Rachel", "Rebecca", "Rose", "Ruth", "Sally", "Sarah", "Sophie",
    "Susan", "Victoria", "Wendy",
)  # fmt: skip
MEN: Final = (
    "Adam", "Alan", "Albert", "Alexander", "Andrew", "Anthony", "Arthur", "Barry", "Ben", "Brian",
    "Bruce", "Carl", "Charles", "Christopher", "Daniel", "David", "Dennis", "Douglas", "Edward",
    "Eric", "Ernest", "Ezra", "Frank", "Fred", "Gary", "George", "Harold", "Harry", "Henry", "Hugh",
    "Ian", "Isaac", "Jack", "Jacob", "James", "Jason", "Jeremy", "John", "Joseph", "Joshua", "Karl",
    "Keith", "Kenneth", "Kevin", "Lawrence", "Lewis", "Louis", "Luke", "Marcus", "Mark", "Martin",
    "Matthew", "Maurice", "Michael", "Nathan", "Neil", "Nicholas", "Nick", "Noah", "Oliver",
    "Patrick", "Paul", "Peter", "Philip", "Ralph", "Richard", "Robert", "Roger", "Ryan", "Samuel",
    "Scott", "Simon", "Stephen", "Steve", "Steven", "Stuart", "Thomas", "Timothy", "Tom", "Tony",
    "Vincent", "Walter", "Wayne", "William",
)  # fmt: skip
