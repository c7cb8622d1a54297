"""Does self-healing pay on this feeder? One summer day and one fault, with it and without it."""

import gridmend as gm

grid = gm.read("ieee123")  # an example by name, or any model file
print(grid)  # a table: buses, customers, switches, kVA, km

day = gm.run_day(grid)  # a quiet day, every quarter-hour
print(day.lowest_voltage())

fault = gm.Fault(line="L52", at="17:30", repair_min=180)
by_crew = gm.run_day(grid, fault=fault)
healed = gm.run_day(grid, fault=fault, restoration=gm.Restoration())

for plan in healed.plans:
    print(plan)  # steps, reasons, predicted voltages and loading
print(f"SAIDI {by_crew.saidi_min:.1f} -> {healed.saidi_min:.1f} min")
healed.plot("day.svg")
