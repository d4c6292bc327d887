"""The people of the demo company."""

from api.auth.accounts import NewAccount

PEOPLE = (
    NewAccount("sara", "Sara Lindqvist", ("sales",), "Sales: writes quotes"),
    NewAccount("marcus", "Marcus Hale", ("sales-manager", "deal-desk"), "Sales manager: approves discounts"),
    NewAccount("ines", "Ines Moreau", ("finance", "executive"), "Finance director: prices and large deals"),
    NewAccount("tom", "Tom Eriksen", ("order-desk",), "Order desk: repairs what does not fit"),
    NewAccount("clara", "Clara Novak", ("credit",), "Credit: decides holds"),
    NewAccount("jonas", "Jonas Weber", ("warehouse",), "Warehouse: picks, packs and ships"),
    NewAccount("petra", "Petra Vogel", ("buyer", "accounts-payable"), "Buyer: suppliers and what they bill"),
    NewAccount("amina", "Amina Diallo", ("accounts-receivable", "treasury"), "Receivables: bank statements and reminders"),
    NewAccount("olga", "Olga Brandt", ("operator",), "Operator: keeps every instance moving"),
    NewAccount("ravi", "Ravi Menon", ("analyst",), "Process analyst: changes the diagrams"),
    NewAccount("edith", "Edith Krone", ("admin",), "Administrator: may do everything"),
)
