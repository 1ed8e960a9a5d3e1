"""What the README and the pages of docs/ say is so: options, transcripts, commands, links, names of files.

What docs/errors.md says of SQLSTATEs and reasons is checked by tests/unit/status.
"""

import os
import re
import subprocess
import tempfile
import unittest

from harness import BINARY, ROOT, Server, TestCase, postgres

import tools

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs").glob("*/*.md"))]
# Those that have links, too.
OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("tests/*/README.md"), *ROOT.glob("client/*/README.md"),
          *ROOT.glob("client/*/*/README.md")]
COMMANDS = ("serve", "dev", "contract", "install")


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
        for page in PAGES:
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
                    self.assertTrue(any((base / path).exists() for base in (ROOT, ROOT / "service", page.parent)), path)


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
LANGUAGES = {"python": "python", "go": "go", "ts": "typescript", "rust": "rust", "java": "java"}


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

    def test_the_code_with_protogres_of_the_comparisons_is_of_the_examples(self):
        page = ROOT / "docs/clients/compared.md"
        blocks = re.findall(r"^With Protogres:\n\n```(\w+)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        self.assertEqual(len(blocks), 5)
        for tag, block in blocks:
            self.check(page, block, sources(EXAMPLES / LANGUAGES[tag]))


def transcripts(text):
    """The commands of the console blocks, each with the output that stands under it."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        lines = block.splitlines()
        while lines:
            command = [lines.pop(0).removeprefix("$ ")]
            # A command goes on until the shell takes it for whole.
            while command[-1].endswith("\\") or subprocess.run(
                    ["bash", "-n", "-c", "\n".join(command)], capture_output=True).stderr:
                command.append(lines.pop(0))
            output = []
            while lines and not lines[0].startswith("$ "):
                output.append(lines.pop(0))
            yield "\n".join(command), "\n".join(output)


TOKEN = re.compile(r'(?<="next_page_token": ")[^"]+')


def comparable(text):
    """Without what differs from run to run or says nothing to a reader: times, etags, page tokens."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = TOKEN.sub("TOKEN", text)
    return re.sub(r"\d+-\(\d+,\d+\)", "ETAG", text).strip()


def run(command, port):
    """What one sees who pastes the command, with the demo on `port`."""
    path = os.path.dirname(tools.find("grpcurl")) + os.pathsep + os.environ["PATH"]
    return subprocess.run(["bash", "-c", command.replace("127.0.0.1:50051", f"127.0.0.1:{port}")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          env={**os.environ, "PATH": path}).stdout


class Transcripts(TestCase):
    def test_those_of_each_page_are_what_one_sees_on_a_fresh_demo(self):
        count = 0
        for page in PAGES:
            found = list(transcripts(page.read_text()))
            if not found:
                continue
            uri = postgres().create(f"demo_{page.stem}", file=ROOT / "deploy/demo.sql")
            subprocess.run([BINARY, "install", f"--database={uri}"], check=True, capture_output=True)
            server = Server(uri)
            tokens = {}  # those of the page, and what they are now
            for command, output in found:
                for printed, now in tokens.items():
                    command = command.replace(printed, now)
                seen = run(command, server.port)
                tokens.update(zip(TOKEN.findall(output), TOKEN.findall(seen)))
                with self.subTest(name_of(page)):
                    self.assertEqual(comparable(seen), comparable(output), command)
                count += 1
            server.close()
        self.assertGreater(count, 20)


if __name__ == "__main__":
    unittest.main()
