"""What the README and the pages of docs/ say is so: options, transcripts, commands, links, names of files.

What docs/errors.md says of SQLSTATEs and reasons is checked by tests/unit/status.
"""

import os
import re
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, PATIENCE, ROOT, Server, TestCase, postgres

from transcripts import BLOCK, TOKEN, Shell, comparable, lab_commands, starts_servers, transcripts

UPDATE = bool(os.environ.get("PROTOGRES_UPDATE_DOCS"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs").glob("*/*.md"))]
# Those that have links, too.
OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("tests/*/README.md"), *ROOT.glob("client/*/README.md"),
          *ROOT.glob("client/*/*/README.md")]
COMMANDS = ("serve", "dev", "contract", "install")
# The pages whose transcripts tests/clients/run runs, with tools that it fetches.
ELSEWHERE = [ROOT / "docs/clients/tools.md"]


def name_of(page):
    return str(page.relative_to(ROOT))


def help_of(command):
    return subprocess.run([BINARY, command, "--help"], capture_output=True, text=True, check=True).stdout


def prose(page):
    """Its text without the blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """What a link may name after the #: GitHub makes it of each heading."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


class Options(TestCase):
    def test_those_of_serve_are_the_ones_of_its_help(self):
        text = help_of("serve")
        begin, end = text.index("Database\n"), text.index("\nEach option can stand")
        self.assertIn(f"```\n{text[begin:end].rstrip()}\n```", (ROOT / "docs/options.md").read_text())

    def test_each_that_is_named_exists(self):
        known = set(re.findall(r"^  --(\w+)", "\n".join(map(help_of, COMMANDS)), re.MULTILINE))
        known |= {"help", "version", "name"}  # `--name=value` is any of them
        web = set(re.findall(r'flags\.\w+\((?:&o\.\w+, )?"(\w+)"', (ROOT / "deploy/web/main.go").read_text()))
        self.assertGreater(len(web), 8)
        known |= web  # those of the proxy for browsers
        for page in PAGES:
            if page in ELSEWHERE:
                continue  # it is about other programs' options
            named = set(re.findall(r"`--(\w+)", prose(page)))
            self.assertEqual(named - known, set(), name_of(page))


class Links(TestCase):
    def test_each_leads_somewhere(self):
        for page in PAGES + OTHERS:
            for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = page.parent / path if path else page
                with self.subTest(f"{name_of(page)}: {target}"):
                    self.assertTrue(file.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(file))

    def test_each_page_is_linked_from_the_readme_or_the_page_of_its_folder(self):
        for page in PAGES[1:] + OTHERS[:2]:
            if page.parent in (ROOT, ROOT / "docs"):
                self.assertIn(f"({name_of(page)})", prose(PAGES[0]))
            else:
                self.assertIn(f"({page.parent.name}/{page.name})", prose(page.parent.with_suffix(".md")))

    def test_each_file_of_the_sources_that_is_named_exists(self):
        for page in PAGES + OTHERS:
            if page.name == "CHANGELOG.md":
                continue  # it speaks of the past
            for path in re.findall(r"`([\w./]+/\w+\.(?:cc|h|py|proto))`", prose(page)):
                with self.subTest(f"{name_of(page)}: {path}"):
                    self.assertTrue(any((base / path).exists() for base in (ROOT, ROOT / "service", ROOT / "proto", page.parent)),
                                    path)


class Clients(TestCase):
    def test_a_client_is_generated_as_the_page_says(self):
        uri = postgres().create("clients", file=ROOT / "deploy/demo.sql")
        page = (ROOT / "docs/clients.md").read_text()
        chapter = page[page.index("\n## Generating a client\n"):]
        commands = re.search(r"```sh\n(.*?)```", chapter, re.DOTALL).group(1)
        commands = commands.replace("build/release/service/protogres", f"'{BINARY}'")
        commands = commands.replace("postgresql://user@host/database", f"'{uri}'")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["bash", "-e", "-c", commands], cwd=folder, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(os.path.exists(os.path.join(folder, "generated/shop/v1/order_pb2_grpc.py")))


EXAMPLES = ROOT / "client/examples"
# A block's tag, and the folder of client/examples whose sources have its code.
LANGUAGES = {"python": "python", "go": "go", "ts": "typescript", "rust": "rust", "java": "java", "kotlin": "kotlin"}


def sources(folder):
    """Without their indentation: the text of all files of an example."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".json"
             and not {"contract", "generated", "node_modules", "target", "dist", ".venv", "bin"} & set(path.parts)]
    return "\n".join(re.sub(r"^\s+", "", path.read_text(errors="replace"), flags=re.MULTILINE) for path in files)


class Snippets(TestCase):
    """The code of docs/clients is of the examples, which tests/clients/run runs. In a block, each part between empty lines
    stands in the sources as it is, but for its indentation."""

    def check(self, page, block, text):
        for part in re.split(r"\n\s*\n", block.strip()):
            with self.subTest(name_of(page)):
                self.assertIn("\n".join(line.strip() for line in part.splitlines()), text)

    def test_the_code_of_each_page_is_of_its_example(self):
        count = 0
        for page in sorted((ROOT / "docs/clients").glob("*.md")):
            for tag, block in re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
                if page.stem in LANGUAGES.values():
                    self.check(page, block, sources(EXAMPLES / page.stem))
                    count += 1
        self.assertGreater(count, 60)

    def test_the_code_of_the_page_of_browsers_is_of_its_example(self):
        page = ROOT / "docs/clients/browsers.md"
        blocks = re.findall(r"^```ts\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        blocks += re.findall(r"^## Generate$.*?^```sh\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            self.check(page, block, sources(EXAMPLES / "browser"))

    def test_the_code_with_protogres_of_the_comparisons_is_of_the_examples(self):
        page = ROOT / "docs/clients/compared.md"
        blocks = re.findall(r"^With Protogres:\n\n```(\w+)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        self.assertEqual(len(blocks), 5)
        for tag, block in blocks:
            self.check(page, block, sources(EXAMPLES / LANGUAGES[tag]))

    def test_the_code_with_the_others_is_what_is_run(self):
        page = ROOT / "docs/clients/compared.md"
        blocks = re.findall(r"^With (\w+):\n\n```\w+\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        run = [(ROOT / "tests/clients/compared" / name.lower(), block) for name, block in blocks]
        run = [(folder, block) for folder, block in run if folder.is_dir()]
        self.assertGreater(len(run), 0)
        for folder, block in run:
            self.check(page, block, sources(folder))


def shell_for(page, name):
    """A Shell, and the server beside it: the demo, unless the page's commands start servers of their own."""
    if starts_servers(page):
        shell = Shell()
        for command in lab_commands():
            seen = shell.run(command)
            if seen.strip():
                raise AssertionError(f"{command}\n{seen}")
        return shell, None
    uri = postgres().create(f"demo_{name}", file=ROOT / "deploy/demo.sql")
    subprocess.run([BINARY, "install", f"--database={uri}"], check=True, capture_output=True)
    server = Server(uri)
    return Shell(server.port), server


class Transcripts(TestCase):
    """PROTOGRES_UPDATE_DOCS=1 writes what is seen into the pages, where it is something else than what they say;
    PROTOGRES_DOCS_PAGE=migrations looks at this page alone."""

    def check(self, page, text):
        shell, server = shell_for(text, page.stem)
        count = 0
        pasted_before = lab_commands()
        tokens = {}  # those of the page, and what they are now

        def seen_block(block):
            nonlocal count
            whole = ""
            for command, output in transcripts(block.group()):
                if command in pasted_before:
                    whole += f"$ {command}\n"
                    continue
                here = command
                for printed, now in tokens.items():
                    here = here.replace(printed, now)
                seen = shell.run(here)
                # What is looked for in a log may come a moment later.
                end = time.monotonic() + 10 * PATIENCE
                while here.startswith("grep ") and comparable(seen) != comparable(output) and time.monotonic() < end:
                    time.sleep(0.2)
                    seen = shell.run(here)
                tokens.update(zip(TOKEN.findall(output), TOKEN.findall(seen)))
                same = comparable(seen) == comparable(output)
                whole += f"$ {command}\n" + (output + "\n" * bool(output) if same else seen.strip("\n") + "\n" * bool(seen))
                count += 1
                if not UPDATE:
                    with self.subTest(name_of(page)):
                        self.assertEqual(comparable(seen), comparable(output), command)
            return whole

        try:
            updated = BLOCK.sub(seen_block, text)
        finally:
            shell.close()
            if server:
                server.close()
        if UPDATE:
            page.write_text(updated)
        return count

    def test_those_of_each_page_are_what_one_sees(self):
        count = 0
        for page in PAGES:
            if page in ELSEWHERE:
                continue
            if os.environ.get("PROTOGRES_DOCS_PAGE", page.stem) == page.stem and BLOCK.search(page.read_text()):
                count += self.check(page, page.read_text())
        self.assertGreater(count, 0)


if __name__ == "__main__":
    unittest.main()
