"""Prints what llvm-mca makes of the inner loops of NEON kernels: arm-loops.py LLVM_MCA FOLDER_OF_ASSEMBLY.

What is judged is a block of straight code, from label or branch to branch, repeated. A loop's is found by its function
and the products it makes: where no block has just so many, or more than are asked for, that is an error.
"""

import re
import statistics
import subprocess
import sys

# Processor: what it is called, the model llvm-mca takes for it, and the instructions it has beyond the baseline.
# The Neoverse N1 is the Cortex-A76 for servers; for the latter's own name LLVM 22 takes the model of the Cortex-A57.
# LLVM lets it begin 3 micro-operations a cycle, which suits its compiler; Arm's optimization guide says 8.
CORES = [
    ("Cortex-A53", ["-mcpu=cortex-a53"], ()),
    ("Cortex-A55", ["-mcpu=cortex-a55"], ("sdot",)),
    ("Cortex-A76", ["-mcpu=neoverse-n1", "-dispatch=8"], ("sdot",)),
    ("Cortex-A510", ["-mcpu=cortex-a510"], ("sdot", "smmla")),
    ("Neoverse V1", ["-mcpu=neoverse-v1"], ("sdot", "smmla")),
]

# Loop: what it is, its file and function, the products of a pass, and where several blocks have as many, which, from
# the one with the fewest loads on, and of how many.
LOOPS = [
    ("float GEMM, 6 x 12", "igemm_f32__neon", "multiply_6x3", 288, 0, 1),
    ("int8 GEMM, baseline, 4 x 16", "igemm_s8__neon", "tile_4x4", 512, 0, 1),
    ("int8 GEMM, sdot, 6 x 16", "igemm_s8__neondot", "tile_4x6", 1536, 0, 1),
    ("int8 GEMM, smmla, 6 x 16", "igemm_s8__neoni8mm", "tile_4x6", 768, 0, 1),
    ("3x3 depthwise, baseline, step 1", "dwconv_s8__neon", "row", 768, 0, 2),
    ("3x3 depthwise, baseline, step 2", "dwconv_s8__neon", "row", 768, 1, 2),
    ("3x3 depthwise, sdot, step 1", "dwconv_s8__neondot", "row", 768, 0, 2),
    ("3x3 depthwise, sdot, step 2", "dwconv_s8__neondot", "row", 768, 1, 2),
]

# The results of a row of a tile: what they are, their file and function, and an instruction that only such blocks have,
# how often.
RESULTS = [
    ("16 results of small sums", "igemm_s8__neondot", "tile_4x6", "uzp1", 2),
    ("16 results of any sums", "igemm_s8__neondot", "tile_4x6", "fcvtns", 4),
]

BRANCH = re.compile(r"(b|b\.\w+|cbn?z|tbn?z|ret|br|bl|blr)\b")


def products(instruction):
    """The products of bytes, or of floats, that an instruction makes."""
    name = instruction.split()[0]
    if name in ("smull", "smull2", "smlal", "smlal2"):
        return 8
    return {"fmla": 4, "sdot": 16, "smmla": 32}.get(name, 0)


def blocks(folder, file, function):
    """The blocks of straight code of a function, without the branches that end them."""
    block, found, inside = [], [], False
    with open(f"{folder}/{file}.s") as lines:
        for line in lines:
            line = line.split("//")[0].strip()
            if line == function + ":":
                inside = True
            elif inside and line.startswith(".Lfunc_end"):
                break
            elif not inside or not line or line.startswith(".") and not line.endswith(":"):
                continue
            elif line.endswith(":") or BRANCH.match(line):
                found.append(block)
                block = []
            else:
                block.append(line)
    return found


def loads(block):
    return sum(instruction.startswith("ld") for instruction in block)


def loop(folder, file, function, made, index, count):
    found = [block for block in blocks(folder, file, function) if sum(map(products, block)) == made]
    if len(found) != count:
        sys.exit(f"arm-loops: {file}: {len(found)} blocks of {function} make {made} products, not {count}")
    return sorted(found, key=loads)[index]


def results(folder, file, function, name, count):
    """A row of a tile that is neither the first, which loads what all need, nor the last: one of the usual length."""
    found = [block for block in blocks(folder, file, function) if sum(i.startswith(name) for i in block) == count]
    if len(found) < 3:
        sys.exit(f"arm-loops: {file}: {len(found)} blocks of {function} have {count} of {name}")
    length = statistics.mode(map(len, found))
    return next(block for block in found if len(block) == length)


def multiplications(block):
    """The products of a block and the additions of pairs of them, none of which waits for another."""
    alone = []
    for instruction in block:
        if not products(instruction) and not instruction.startswith("sadalp"):
            continue
        name, operands = instruction.split(None, 1)
        kinds = [operand.strip().split(".")[1] for operand in operands.split(",")]
        registers = [f"v{len(alone) % 24}"] + ["v24", "v25"][: len(kinds) - 1]
        alone.append(name + " " + ", ".join(map(".".join, zip(registers, kinds))))
    return alone


def cycles(mca, model, block):
    """The cycles of one of many passes."""

    def simulate(passes):
        command = [mca, "-mtriple=aarch64", *model, "-mattr=+dotprod,+i8mm", f"-iterations={passes}"]
        run = subprocess.run(command, input="\n".join(block), capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"arm-loops: {' '.join(command)}: {run.stderr.strip()}")
        return int(re.search(r"Total Cycles:\s+(\d+)", run.stdout)[1])

    return (simulate(300) - simulate(100)) / 200


def main():
    mca, folder = sys.argv[1:]

    def row(*cells):
        print("| " + " | ".join(cells) + " |")

    names = [name for name, _, _ in CORES]
    row("products a cycle", *names)
    print("|---" + "|--:" * len(names) + "|")
    for title, *where in LOOPS:
        block = loop(folder, *where)
        made = sum(map(products, block))
        needed = {instruction.split()[0] for instruction in block} & {"sdot", "smmla"}
        cells = []
        for _, model, has in CORES:
            if needed <= set(has):
                taken, least = cycles(mca, model, block), cycles(mca, model, multiplications(block))
                cells.append(f"{made / taken:.1f} of {made / least:.1f}, {least / taken:.0%}".replace("%", " %"))
            else:
                cells.append("")
        row(title, *cells)
    print()
    row("cycles", *names)
    print("|---" + "|--:" * len(names) + "|")
    for title, *where in RESULTS:
        block = results(folder, *where)
        row(title, *(f"{cycles(mca, model, block):.0f}" for _, model, _ in CORES))


main()
