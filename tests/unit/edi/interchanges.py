"""Small interchanges of a coyote who buys pumps, to read, break and acknowledge."""

X12 = (
    "ISA*00*          *00*          *ZZ*COYOTE         *ZZ*BERGWERK       *260302*1205*U*00401*{control}*{ack}*P*>~\n"
    "GS*PO*COYOTE*BERGWERK*20260302*1205*17*X*004010~\n{sets}GE*{count}*17~\nIEA*1*{control}~\n"
)
SET = "ST*850*{number}~\n{body}SE*{segments}*{number}~\n"
ORDER_850 = (
    "BEG*00*SA*PO-4711**20260302~\n"
    "CUR*BY*EUR~\n"
    "DTM*002*20260309~\n"
    "N1*ST*Coyote Yard*92*0007~\n"
    "N3*Cliffside 1~\n"
    "N4*Linz**4020*AT~\n"
    "PO1*10*2*EA*249.00**VN*PUMP-40*BP*C-77~\n"
    "PID*F****Pump, 40 litres~\n"
    "CTT*1~\n"
)
EDIFACT = "UNA:+.? '\nUNB+UNOC:3+9012345000004:14+9012345000011:14+260302:1205+{control}++++{ack}'\n{messages}UNZ+{count}+{control}'\n"
MESSAGE = "UNH+{number}+ORDERS:D:96A:UN:EAN008'\n{body}UNT+{segments}+{number}'\n"
ORDERS = (
    "BGM+220+PO-4712+9'\n"
    "DTM+137:20260302:102'\n"
    "DTM+2:202603091200:203'\n"
    "NAD+BY+9012345000004::9'\n"
    "NAD+DP+9012345000028::9++Coyote Yard+Cliffside 1+Linz++4020+AT'\n"
    "CUX+2:EUR:9'\n"
    "LIN+1++PUMP-40:SA'\n"
    "PIA+1+C-77:BP'\n"
    "IMD+F++:::Pump ?+ hose, O?'Neil'\n"
    "QTY+21:2:PCE'\n"
    "PRI+AAA:249.00'\n"
    "UNS+S'\n"
    "CNT+2:1'\n"
)


def x12(*bodies, control="000000907", ack="0", count=None):
    """An interchange of 850s."""
    sets = "".join(
        SET.format(number=f"{number:04d}", body=body, segments=body.count("~") + 2) for number, body in enumerate(bodies, start=1)
    )
    return X12.format(sets=sets, control=control, ack=ack, count=count or len(bodies)).encode()


def edifact(*bodies, control="55", ack="1", count=None):
    """An interchange of ORDERS."""
    messages = "".join(
        MESSAGE.format(number=number, body=body, segments=body.replace("?'", "").count("'") + 2)
        for number, body in enumerate(bodies, start=1)
    )
    return EDIFACT.format(messages=messages, control=control, ack=ack, count=count or len(bodies)).encode("latin-1")


def change_860(*lines, sequence="1", purpose="04", control="000000930"):
    """An interchange with an 860 about the order of `ORDER_850`."""
    body = f"BCH*{purpose}*SA*PO-4711**{sequence}*20260302~\n" + "".join(f"{line}~\n" for line in lines)
    return x12(body, control=control).replace(b"GS*PO", b"GS*PC").replace(b"ST*850", b"ST*860")


def ordchg(*segments, number="CH-1", function="4", control="60"):
    """An interchange with an ORDCHG about the order of `ORDERS`."""
    head = f"BGM+230+{number}+{function}'\nDTM+137:20260303:102'\nRFF+ON:PO-4712'\n"
    body = head + "".join(f"{each}'\n" for each in segments) + "UNS+S'\n"
    return edifact(body, control=control).replace(b"+ORDERS:", b"+ORDCHG:")
