#include "contract/packages.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "contract/naming.h"
#include "fmt/format.h"
#include "status/status.h"
#include "text/ascii.h"
#include "text/excerpt.h"

namespace protogres::contract {
namespace {

// Keywords of C++ and Python, what the C library has in C++'s global namespace, where a package's first part becomes a
// namespace, and packages that no Java program can add to. Sorted.
constexpr std::string_view kReservedWords[] = {
    "abs",      "accept",   "access",       "alarm",     "alignas",   "alignof",  "and",      "and_eq",    "as",
    "asm",      "assert",   "async",        "auto",      "await",     "bind",     "bitand",   "bitor",     "bool",
    "break",    "case",     "catch",        "char",      "class",     "clock",    "close",    "compl",     "concept",
    "connect",  "const",    "consteval",    "constexpr", "constinit", "continue", "daemon",   "def",       "default",
    "del",      "delete",   "div",          "do",        "double",    "elif",     "else",     "enum",      "environ",
    "errno",    "except",   "exit",         "exp",       "explicit",  "export",   "extern",   "false",     "finally",
    "float",    "for",      "fork",         "free",      "friend",    "from",     "gamma",    "global",    "goto",
    "if",       "import",   "in",           "index",     "inline",    "int",      "is",       "java",      "javax",
    "kill",     "lambda",   "link",         "linux",     "listen",    "log",      "long",     "mutable",   "namespace",
    "new",      "nice",     "noexcept",     "nonlocal",  "not",       "not_eq",   "nullptr",  "open",      "operator",
    "or",       "or_eq",    "pass",         "pause",     "pipe",      "poll",     "private",  "protected", "public",
    "raise",    "random",   "read",         "register",  "remove",    "rename",   "requires", "return",    "select",
    "send",     "short",    "shutdown",     "signal",    "signed",    "sizeof",   "sleep",    "socket",    "stat",
    "static",   "std",      "stderr",       "stdin",     "stdout",    "struct",   "switch",   "sync",      "system",
    "template", "this",     "thread_local", "throw",     "time",      "times",    "true",     "try",       "typedef",
    "typeid",   "typename", "union",        "unix",      "unlink",    "unsigned", "using",    "virtual",   "void",
    "volatile", "wait",     "wchar_t",      "while",     "with",      "write",    "xor",      "xor_eq",    "yield"};

// Modules of Python's standard library, and packages that generated code imports: Python finds these before a package
// of generated code, which has no __init__.py. Each with a blank before and after.
constexpr std::string_view kPythonModules =
    " abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb"
    " binascii binhex bisect builtins bz2 calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys"
    " compileall compression concurrent configparser contextlib contextvars copy copyreg cprofile crypt csv ctypes"
    " curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip faulthandler"
    " fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc genericpath getopt getpass gettext glob"
    " google graphlib grp grpc gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io"
    " ipaddress itertools json keyword lib2to3 linecache locale logging lzma macpath mailbox mailcap marshal math"
    " mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode"
    " optparse os ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix"
    " posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri re readline"
    " reprlib resource rlcompleter runpy sched secrets selectors shelve shlex shutil site smtpd smtplib sndhdr"
    " socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl statistics string stringprep subprocess sunau"
    " symbol symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap threading timeit"
    " tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata"
    " unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp"
    " zipfile zipimport zlib zoneinfo ";

// Keywords of Java. Sorted.
constexpr std::string_view kJavaWords[] = {
    "abstract", "assert",    "boolean",   "break",  "byte",     "case",  "catch",      "char",         "class",
    "const",    "continue",  "default",   "do",     "double",   "else",  "enum",       "extends",      "false",
    "final",    "finally",   "float",     "for",    "goto",     "if",    "implements", "import",       "instanceof",
    "int",      "interface", "long",      "native", "new",      "null",  "package",    "private",      "protected",
    "public",   "return",    "short",     "static", "strictfp", "super", "switch",     "synchronized", "this",
    "throw",    "throws",    "transient", "true",   "try",      "void",  "volatile",   "while"};

// Packages of services and messages that are compiled in.
constexpr std::string_view kFixed[] = {"protogres.v1",   "google.protobuf",    "google.rpc",
                                       "grpc.health.v1", "grpc.reflection.v1", "grpc.reflection.v1alpha"};

// Why a package's first part cannot be this word; empty: it can.
std::string WhyReserved(const std::string& word) {
  if (std::ranges::binary_search(kReservedWords, word)) return "is a reserved word of a language it is generated for";
  if (kPythonModules.find(" " + word + " ") != std::string_view::npos) {
    return "is a module that Python would import in its place";
  }
  return "";
}

bool IsFixed(std::string_view package) { return std::ranges::find(kFixed, package) != std::end(kFixed); }

// `public` first among those served, then types' schemas, so that what is served has the plain name.
std::vector<std::string> Schemas(const catalog::Catalog& catalog) {
  std::vector<std::string> schemas;
  std::set<std::string> seen;
  const auto add = [&](const std::set<std::string>& names) {
    for (const std::string& name : names) {
      if (seen.insert(name).second) schemas.push_back(name);
    }
  };
  std::set<std::string> served(catalog.schemas.begin(), catalog.schemas.end());
  for (const auto& relation : catalog.relations) served.insert(relation.schema);
  std::set<std::string> others;
  for (const auto& [oid, type] : catalog.types) others.insert(type.schema);
  if (served.contains("public")) add({"public"});
  add(served);
  add(others);
  return schemas;
}

}  // namespace

PackageGraph Reached(const PackageGraph& graph) {
  PackageGraph reached;
  for (const auto& [start, direct] : graph) {
    std::set<std::string>& seen = reached[start];
    std::vector<std::string> todo(direct.begin(), direct.end());
    while (!todo.empty()) {
      const std::string package = todo.back();
      todo.pop_back();
      if (!seen.insert(package).second) continue;
      if (const auto next = graph.find(package); next != graph.end()) {
        todo.insert(todo.end(), next->second.begin(), next->second.end());
      }
    }
  }
  return reached;
}

bool IsJavaWord(const std::string& name) { return std::ranges::binary_search(kJavaWords, name); }

bool IsBadMessageName(const std::string& name) {
  return name == "Builder" || name == "None" || name == "True" || name == "False";
}

absl::StatusOr<Packages> MakePackages(const catalog::Catalog& catalog, const DeriveOptions& options) {
  Packages result;
  std::set<std::string> taken(std::begin(kFixed), std::end(kFixed));
  for (const auto& [schema, package] : options.packages) {
    if (!IsPackage(package)) {
      return status::Error(
          absl::StatusCode::kInvalidArgument,
          fmt::format("package \"{}\" of schema \"{}\" is no protobuf package name; it is names of letters, "
                      "digits and _ with dots between them, as in shop.v1",
                      text::Escaped(package), text::Escaped(schema)),
          status::kInvalidPackage);
    }
    if (IsFixed(package)) {
      return status::Error(absl::StatusCode::kInvalidArgument,
                           fmt::format("package \"{}\" of schema \"{}\" is the package of fixed messages or services",
                                       package, text::Escaped(schema)),
                           status::kInvalidPackage);
    }
    taken.insert(package);
    result.by_schema[schema] = package;
  }
  for (const std::string& schema : Schemas(catalog)) {
    if (result.by_schema.contains(schema)) continue;
    const std::string word =
        text::Lower(Fold(schema == "public" && !catalog.database.empty() ? catalog.database : schema));
    const std::string reserved = WhyReserved(word);
    const std::string base = reserved.empty() ? word : word + "_schema";
    std::string name = base;
    for (int i = 2; taken.contains(name + ".v1"); ++i) name = fmt::format("{}_{}", base, i);
    const std::string package = name + ".v1";
    taken.insert(package);
    if (name != word) {
      const std::string why =
          reserved.empty() ? fmt::format("{}.v1 is taken", word) : fmt::format("{} {}", word, reserved);
      result.warnings.push_back(
          fmt::format("schema {}: its package is {}, as {}", text::Escaped(schema), package, why));
    }
    result.by_schema[schema] = package;
  }
  return result;
}

}  // namespace protogres::contract
