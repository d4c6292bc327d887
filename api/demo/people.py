"""The people of the demo company."""

from api.auth.accounts import NewAccount
from api.auth.roles import GROUPS

PEOPLE = (
    NewAccount("sara", "Sara Lindqvist", ("sales",), "Sales: follows orders; writes quotes by API"),
    NewAccount("marcus", "Marcus Hale", ("sales-manager", "deal-desk"), "Sales manager: approves quotes in the worklist"),
    NewAccount("ines", "Ines Moreau", ("finance", "executive"), "Finance director: approves large deals in the worklist"),
    NewAccount("tom", "Tom Eriksen", ("order-desk",), "Order desk: repairs orders in the worklist"),
    NewAccount("clara", "Clara Novak", ("credit", "compliance"), "Credit and compliance: decides holds in the worklist"),
    NewAccount("jonas", "Jonas Weber", ("warehouse",), "Warehouse: picks, packs and ships in the worklist"),
    NewAccount("petra", "Petra Vogel", ("buyer", "accounts-payable"), "Buyer: decides in the worklist; suppliers' papers go by API"),
    NewAccount("amina", "Amina Diallo", ("accounts-receivable", "treasury"), "Receivables: applies receipts; bank statements go by API"),
    NewAccount("olga", "Olga Brandt", ("operator",), "Operator: keeps every instance moving"),
    NewAccount("ravi", "Ravi Menon", ("analyst",), "Process analyst: looks at what runs; deploys by API or command line"),
    NewAccount("edith", "Edith Krone", tuple(sorted(GROUPS - {"external-worker"})), "Administrator: may do everything"),
)
