//! What the lexer knows of each language: how comments, texts and words look.

/// How a text begins and ends.
#[derive(Clone, Copy)]
pub(super) struct Quote {
    pub open: &'static str,
    pub close: &'static str,
    /// Whether a backslash takes away the meaning of what follows.
    pub escapes: bool,
    /// Whether it goes on in the next line.
    pub long: bool,
}

/// What a language has beside comments, texts, numbers and words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Words mean the same in upper and lower case.
    AnyCase,
    /// A word before a parenthesis is not called.
    NoCalls,
    /// Types are written with a capital.
    Types,
    /// `name!(…)` calls.
    Macros,
    /// `'name` is no text, and `#[…]` an attribute.
    Lifetimes,
    /// `@name` is a note to the compiler.
    Notes,
    /// `$name` is a variable.
    Variables,
    /// A line that starts with `#` speaks to the preprocessor.
    Preprocessor,
    /// `\name` is a command.
    Commands,
    /// A word or a text before a colon is a key.
    Keys,
    /// A word before `=` is a key, a line in brackets a heading.
    Settings,
    /// Selectors, colours, at-rules.
    Styles,
    /// `:name` is a symbol.
    Symbols,
}

/// How a text is cut into pieces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Code,
    /// Tags, with code in some of them.
    Markup,
    /// Lines that were added and removed.
    Diff,
    /// Markdown.
    Prose,
}

/// A language.
pub(super) struct Language {
    /// What it is called in a fence, by blanks.
    pub names: &'static str,
    /// How a file with it is called.
    pub file: &'static str,
    pub family: Family,
    pub line: &'static [&'static str],
    pub block: &'static [(&'static str, &'static str)],
    pub quotes: &'static [Quote],
    pub keywords: &'static str,
    pub literals: &'static str,
    pub types: &'static str,
    /// What a word may hold beside letters, digits and `_`.
    pub word: &'static str,
    pub habits: &'static [Habit],
}

impl Language {
    pub(super) fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }
}

/// The language of that name.
pub(super) fn find(name: &str) -> Option<&'static Language> {
    LANGUAGES
        .iter()
        .find(|language| language.names.split(' ').any(|known| known == name))
}

/// A name of each language.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    LANGUAGES
        .iter()
        .filter_map(|language| language.names.split(' ').next())
}

/// The names of files with code.
pub(super) fn files() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|language| language.file)
}

const DOUBLE: Quote = quote("\"");
const SINGLE: Quote = quote("'");
const BACKTICK: Quote = Quote {
    long: true,
    ..quote("`")
};
const LONG_DOUBLE: Quote = Quote {
    long: true,
    ..DOUBLE
};
const LONG_SINGLE: Quote = Quote {
    long: true,
    ..SINGLE
};
const RAW_SINGLE: Quote = Quote {
    escapes: false,
    ..LONG_SINGLE
};
const TRIPLE_DOUBLE: Quote = Quote {
    long: true,
    ..quote("\"\"\"")
};
const TRIPLE_SINGLE: Quote = Quote {
    long: true,
    ..quote("'''")
};

const fn quote(mark: &'static str) -> Quote {
    Quote {
        open: mark,
        close: mark,
        escapes: true,
        long: false,
    }
}

const PLAIN: Language = Language {
    names: "",
    file: "code.txt",
    family: Family::Code,
    line: &[],
    block: &[],
    quotes: &[DOUBLE, SINGLE],
    keywords: "",
    literals: "",
    types: "",
    word: "",
    habits: &[],
};

const C: Language = Language {
    line: &["//"],
    block: &[("/*", "*/")],
    literals: "true false null",
    habits: &[Habit::Types, Habit::Notes],
    ..PLAIN
};

const HASH: Language = Language {
    line: &["#"],
    literals: "true false",
    ..PLAIN
};

const SCRIPT: Language = Language {
    quotes: &[DOUBLE, SINGLE, BACKTICK],
    keywords: "abstract as async await break case catch class const continue debugger declare default delete do else enum export extends finally for from function get if implements import in infer instanceof interface is keyof let namespace new of override private protected public readonly return satisfies set static super switch this throw try type typeof var void while with yield",
    literals: "true false null undefined NaN Infinity",
    types: "any bigint boolean never number object string symbol unknown",
    word: "$",
    ..C
};

const STYLE: Language = Language {
    block: &[("/*", "*/")],
    word: "-",
    habits: &[Habit::Styles, Habit::Keys],
    ..PLAIN
};

/// The languages, those that are asked for most first.
static LANGUAGES: [Language; 47] = [
    Language {
        names: "python py python3 py3 pyi gyp",
        file: "code.py",
        quotes: &[TRIPLE_DOUBLE, TRIPLE_SINGLE, DOUBLE, SINGLE],
        keywords: "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try type while with yield self cls",
        literals: "True False None",
        types: "int float str bool bytes list dict set tuple object complex frozenset type Any Optional",
        habits: &[Habit::Types, Habit::Notes],
        ..HASH
    },
    Language {
        names: "javascript js jsx mjs cjs node",
        file: "code.js",
        ..SCRIPT
    },
    Language {
        names: "typescript ts tsx mts cts",
        file: "code.ts",
        ..SCRIPT
    },
    Language {
        names: "rust rs",
        file: "code.rs",
        quotes: &[LONG_DOUBLE],
        keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self static struct super trait type union unsafe use where while yield",
        literals: "true false",
        types: "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Self",
        habits: &[Habit::Types, Habit::Macros, Habit::Lifetimes],
        ..C
    },
    Language {
        names: "bash sh shell zsh ksh fish console shellsession shell-session",
        file: "code.sh",
        quotes: &[LONG_DOUBLE, RAW_SINGLE],
        keywords: "if then else elif fi for while until do done case esac in function select return exit break continue local export readonly declare typeset unset shift source alias eval exec set trap sudo",
        word: "-",
        habits: &[Habit::NoCalls, Habit::Variables],
        ..HASH
    },
    Language {
        names: "json jsonc json5 jsonl ndjson geojson",
        file: "code.json",
        habits: &[Habit::Keys],
        ..C
    },
    Language {
        names: "html htm xml svg xhtml xsl xslt rss vue svelte astro plist",
        file: "code.html",
        family: Family::Markup,
        block: &[("<!--", "-->"), ("<![CDATA[", "]]>")],
        ..PLAIN
    },
    Language {
        names: "css",
        file: "code.css",
        ..STYLE
    },
    Language {
        names: "scss sass less styl",
        file: "code.scss",
        line: &["//"],
        habits: &[Habit::Styles, Habit::Keys, Habit::Variables],
        ..STYLE
    },
    Language {
        names: "sql postgresql postgres pgsql mysql sqlite plsql tsql psql mariadb",
        file: "code.sql",
        line: &["--"],
        block: &[("/*", "*/")],
        quotes: &[
            Quote {
                escapes: false,
                ..LONG_SINGLE
            },
            DOUBLE,
            BACKTICK,
        ],
        keywords: "add after all alter analyze and any as asc begin between by case cascade check column commit conflict constraint create cross current database default deferrable delete desc distinct do drop each else end except exclude exists explain fetch filter first following for foreign from full function generated grant group having if ignore ilike in index inner insert intersect into is join key lateral left like limit materialized natural not nothing nulls of offset on or order outer over partition preceding primary procedure range recursive references replace returning returns revoke right rollback row rows savepoint schema select sequence set some table temporary then to transaction trigger truncate union unique update using vacuum values view when where window with without",
        literals: "true false null current_timestamp current_date",
        types: "bigint bigserial binary bit blob boolean bool bytea char character date datetime decimal double float int integer interval json jsonb money numeric real serial smallint text time timestamp timestamptz tinyint uuid varchar varying",
        habits: &[Habit::AnyCase],
        ..PLAIN
    },
    Language {
        names: "java",
        file: "Code.java",
        quotes: &[TRIPLE_DOUBLE, DOUBLE, SINGLE],
        keywords: "abstract assert break case catch class const continue default do else enum extends final finally for goto if implements import instanceof interface native new non-sealed package permits private protected public record return sealed static strictfp super switch synchronized this throw throws transient try var void volatile while yield",
        types: "boolean byte char double float int long short",
        ..C
    },
    Language {
        names: "c h",
        file: "code.c",
        keywords: "alignas alignof auto break case const constexpr continue default do else enum extern for goto if inline register restrict return sizeof static static_assert struct switch thread_local typedef typeof union volatile while",
        literals: "true false NULL nullptr",
        types: "bool char double float int int8_t int16_t int32_t int64_t long ptrdiff_t short signed size_t ssize_t uint8_t uint16_t uint32_t uint64_t unsigned uintptr_t void wchar_t FILE",
        habits: &[Habit::Types, Habit::Preprocessor],
        ..C
    },
    Language {
        names: "cpp c++ cc cxx hpp hxx cuda cu arduino ino objectivec objective-c objc glsl hlsl",
        file: "code.cpp",
        keywords: "alignas alignof and asm auto break case catch class co_await co_return co_yield concept const consteval constexpr constinit const_cast continue decltype default delete do dynamic_cast else enum explicit export extern final for friend goto if inline module mutable namespace new noexcept not operator or override private protected public register reinterpret_cast requires return sizeof static static_assert static_cast struct switch template this thread_local throw try typedef typeid typename union using virtual volatile while xor",
        literals: "true false NULL nullptr",
        types: "bool char char8_t char16_t char32_t double float int int8_t int16_t int32_t int64_t long short signed size_t uint8_t uint16_t uint32_t uint64_t unsigned void wchar_t string vector map",
        habits: &[Habit::Types, Habit::Preprocessor, Habit::Notes],
        ..C
    },
    Language {
        names: "csharp cs c#",
        file: "Code.cs",
        quotes: &[TRIPLE_DOUBLE, DOUBLE, SINGLE],
        keywords: "abstract as async await base break case catch checked class const continue default delegate do else enum event explicit extern finally fixed for foreach from get goto if implicit in init interface internal is lock namespace new operator orderby out override params partial private protected public readonly record ref required return sealed select set sizeof stackalloc static struct switch this throw try typeof unchecked unsafe using var virtual void volatile when where while with yield",
        types: "bool byte char decimal double dynamic float int long nint nuint object sbyte short string uint ulong ushort",
        habits: &[Habit::Types, Habit::Preprocessor],
        ..C
    },
    Language {
        names: "go golang",
        file: "code.go",
        quotes: &[
            DOUBLE,
            SINGLE,
            Quote {
                escapes: false,
                ..BACKTICK
            },
        ],
        keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var",
        literals: "true false nil iota",
        types: "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr",
        ..C
    },
    Language {
        names: "yaml yml",
        file: "code.yaml",
        literals: "true false null yes no on off",
        word: "-./",
        habits: &[Habit::NoCalls, Habit::Keys],
        ..HASH
    },
    Language {
        names: "toml ini cfg conf properties env dotenv editorconfig",
        file: "code.toml",
        line: &["#", ";"],
        quotes: &[TRIPLE_DOUBLE, TRIPLE_SINGLE, DOUBLE, SINGLE],
        word: "-.",
        habits: &[Habit::NoCalls, Habit::Settings],
        ..HASH
    },
    Language {
        names: "php",
        file: "code.php",
        line: &["//", "#"],
        quotes: &[LONG_DOUBLE, LONG_SINGLE],
        keywords: "abstract and array as break callable case catch class clone const continue declare default do echo else elseif empty enum extends final finally fn for foreach function global goto if implements include include_once instanceof insteadof interface isset list match namespace new or print private protected public readonly require require_once return static switch throw trait try unset use var while xor yield",
        types: "bool float int iterable mixed never object self string void",
        habits: &[Habit::AnyCase, Habit::Variables],
        ..C
    },
    Language {
        names: "ruby rb erb gemfile rake",
        file: "code.rb",
        quotes: &[LONG_DOUBLE, LONG_SINGLE, BACKTICK],
        keywords: "alias and begin break case class def do else elsif end ensure extend for if in include module next not or private protected public raise redo require require_relative rescue retry return self super then undef unless until when while yield attr_accessor attr_reader attr_writer",
        literals: "true false nil",
        word: "?!",
        habits: &[Habit::Types, Habit::Notes, Habit::Symbols],
        ..HASH
    },
    Language {
        names: "swift",
        file: "code.swift",
        quotes: &[TRIPLE_DOUBLE, DOUBLE],
        keywords: "actor any as associatedtype async await break case catch class continue convenience default defer deinit do else enum extension fallthrough fileprivate final for func get guard if import in indirect infix init inout internal is lazy let mutating nonisolated open operator override private protocol public repeat required rethrows return self set some static struct subscript super switch throw throws try typealias unowned var weak where while",
        literals: "true false nil",
        ..C
    },
    Language {
        names: "kotlin kt kts",
        file: "code.kt",
        quotes: &[TRIPLE_DOUBLE, DOUBLE, SINGLE],
        keywords: "abstract actual annotation as break by catch class companion const constructor continue crossinline data do else enum expect external final finally for fun get if import in infix init inline inner interface internal is lateinit noinline object open operator out override package private protected public reified return sealed set super suspend tailrec this throw try typealias val var vararg when where while",
        ..C
    },
    Language {
        names: "scala sc sbt",
        file: "code.scala",
        quotes: &[TRIPLE_DOUBLE, DOUBLE],
        keywords: "abstract case catch class def do else end enum export extends extension final finally for given if implicit import inline lazy match new object override package private protected return sealed super then this throw trait try type using val var while with yield",
        ..C
    },
    Language {
        names: "dart",
        file: "code.dart",
        quotes: &[TRIPLE_DOUBLE, TRIPLE_SINGLE, DOUBLE, SINGLE],
        keywords: "abstract as assert async await base break case catch class const continue covariant default deferred do else enum export extends extension external factory final finally for get hide if implements import in interface is late library mixin new of on operator part required rethrow return sealed set show static super switch sync this throw try typedef var void when while with yield",
        types: "bool double dynamic int num",
        ..C
    },
    Language {
        names: "groovy gradle jenkinsfile",
        file: "code.groovy",
        quotes: &[TRIPLE_DOUBLE, TRIPLE_SINGLE, DOUBLE, SINGLE],
        keywords: "abstract as assert break case catch class continue def default do else enum extends final finally for if implements import in instanceof interface new package private protected public return static super switch this throw throws trait try var void while",
        types: "boolean byte char double float int long short",
        ..C
    },
    Language {
        names: "powershell ps1 pwsh ps",
        file: "code.ps1",
        block: &[("<#", "#>")],
        quotes: &[
            Quote {
                escapes: false,
                ..LONG_DOUBLE
            },
            RAW_SINGLE,
        ],
        keywords: "begin break catch class continue data do dynamicparam else elseif end enum exit filter finally for foreach from function if in param process return switch throw trap try until using while",
        word: "-",
        habits: &[Habit::AnyCase, Habit::NoCalls, Habit::Variables],
        ..HASH
    },
    Language {
        names: "batch bat cmd dos",
        file: "code.bat",
        line: &["::", "rem ", "REM "],
        quotes: &[DOUBLE],
        keywords: "call cd copy del echo else exit for goto if in do not exist defined set setlocal endlocal pause shift start",
        habits: &[Habit::AnyCase, Habit::NoCalls],
        ..PLAIN
    },
    Language {
        names: "lua luau",
        file: "code.lua",
        line: &["--"],
        block: &[("--[[", "]]"), ("[[", "]]")],
        keywords: "and break do else elseif end for function goto if in local not or repeat return then until while self",
        literals: "true false nil",
        ..PLAIN
    },
    Language {
        names: "perl pl pm",
        file: "code.pl",
        quotes: &[LONG_DOUBLE, LONG_SINGLE],
        keywords: "and cmp do else elsif eq for foreach ge gt if last le local lt my ne next no not or our package print redo require return sub unless until use while",
        habits: &[Habit::Variables],
        ..HASH
    },
    Language {
        names: "r rscript",
        file: "code.R",
        keywords: "break else for function if in next repeat return while library require",
        literals: "TRUE FALSE NULL NA NaN Inf",
        word: ".",
        ..HASH
    },
    Language {
        names: "julia jl",
        file: "code.jl",
        block: &[("#=", "=#")],
        quotes: &[TRIPLE_DOUBLE, DOUBLE],
        keywords: "abstract baremodule begin break catch const continue do else elseif end export finally for function global if import in isa let local macro module mutable primitive quote return struct try type using where while",
        literals: "true false nothing missing NaN Inf",
        word: "!",
        habits: &[Habit::Types, Habit::Notes, Habit::Symbols],
        ..HASH
    },
    Language {
        names: "haskell hs",
        file: "code.hs",
        line: &["--"],
        block: &[("{-", "-}")],
        quotes: &[DOUBLE],
        keywords: "case class data default deriving do else family forall foreign if import in infix infixl infixr instance let module newtype of qualified then type where",
        word: "'",
        habits: &[Habit::Types, Habit::NoCalls],
        ..PLAIN
    },
    Language {
        names: "ocaml ml fsharp fs f# reason",
        file: "code.ml",
        line: &["//"],
        block: &[("(*", "*)")],
        quotes: &[TRIPLE_DOUBLE, LONG_DOUBLE],
        keywords: "and as assert begin class constraint do done downto elif else end exception external for fun function functor if in include inherit initializer lazy let match member method module mutable namespace new nonrec object of open or override private rec return sig static struct then to try type use val virtual when while with yield",
        literals: "true false null",
        word: "'",
        habits: &[Habit::Types, Habit::NoCalls],
        ..PLAIN
    },
    Language {
        names: "elixir ex exs",
        file: "code.ex",
        quotes: &[TRIPLE_DOUBLE, LONG_DOUBLE, SINGLE],
        keywords: "after alias and case catch cond def defdelegate defexception defguard defimpl defmacro defmodule defp defprotocol defstruct do else end fn for if import in not or quote raise receive rescue require super throw try unless unquote use when with",
        literals: "true false nil",
        word: "?!",
        habits: &[Habit::Types, Habit::Notes, Habit::Symbols],
        ..HASH
    },
    Language {
        names: "erlang erl",
        file: "code.erl",
        line: &["%"],
        keywords: "after and andalso begin case catch cond else end fun if let maybe not of or orelse receive throw try when xor",
        literals: "true false undefined ok error",
        habits: &[Habit::Types],
        ..PLAIN
    },
    Language {
        names: "clojure clj cljs edn lisp common-lisp scheme racket elisp emacs-lisp",
        file: "code.clj",
        line: &[";"],
        block: &[("#|", "|#")],
        quotes: &[LONG_DOUBLE],
        keywords: "begin case cond def define defmacro defmethod defmulti defn defn- defprotocol defrecord defun defvar do doseq fn for if if-let import in-ns lambda let letrec loop ns or and not progn quote recur require set! setf setq throw try unless use when when-let",
        literals: "true false nil t",
        word: "-?!*+/<>=.",
        habits: &[Habit::NoCalls, Habit::Symbols],
        ..PLAIN
    },
    Language {
        names: "zig",
        file: "code.zig",
        line: &["//"],
        keywords: "addrspace align allowzero and anytype asm async await break callconv catch comptime const continue defer else enum errdefer error export extern fn for if inline noalias nosuspend opaque or orelse packed pub resume return struct suspend switch test threadlocal try union unreachable usingnamespace var volatile while",
        literals: "true false null undefined",
        types: "anyerror anyopaque bool f16 f32 f64 f128 i8 i16 i32 i64 i128 isize noreturn type u8 u16 u32 u64 u128 usize void",
        habits: &[Habit::Types, Habit::Notes],
        ..PLAIN
    },
    Language {
        names: "solidity sol",
        file: "code.sol",
        keywords: "abstract anonymous as assembly break calldata catch constant constructor continue contract delete do else emit enum error event external fallback for function if immutable import indexed interface internal is library mapping memory modifier new override payable pragma private public pure receive return returns revert storage struct try type unchecked using view virtual while",
        types: "address bool bytes bytes32 int int256 string uint uint8 uint256",
        ..C
    },
    Language {
        names: "dockerfile docker containerfile",
        file: "Dockerfile",
        keywords: "ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR",
        word: "-",
        habits: &[Habit::NoCalls, Habit::Variables],
        ..HASH
    },
    Language {
        names: "makefile make mk cmake just justfile",
        file: "Makefile",
        keywords: "define else endef endif export if ifdef ifeq ifndef ifneq include override unexport endfunction endmacro foreach function macro set",
        word: "-.",
        habits: &[Habit::Keys, Habit::Variables],
        ..HASH
    },
    Language {
        names: "hcl terraform tf tfvars nomad",
        file: "code.tf",
        line: &["#", "//"],
        block: &[("/*", "*/")],
        keywords: "data dynamic for for_each if in locals module moved output provider resource terraform variable",
        literals: "true false null",
        types: "any bool list map number object set string tuple",
        word: "-",
        habits: &[Habit::Settings],
        ..PLAIN
    },
    Language {
        names: "nix",
        file: "code.nix",
        block: &[("/*", "*/")],
        quotes: &[
            Quote {
                long: true,
                ..quote("''")
            },
            LONG_DOUBLE,
        ],
        keywords: "assert else if import in inherit let or rec then with",
        literals: "true false null",
        word: "-'",
        habits: &[Habit::NoCalls, Habit::Settings],
        ..HASH
    },
    Language {
        names: "graphql gql",
        file: "code.graphql",
        quotes: &[TRIPLE_DOUBLE, DOUBLE],
        keywords: "directive enum extend fragment implements input interface mutation on query scalar schema subscription type union",
        habits: &[Habit::Types, Habit::Notes, Habit::Variables, Habit::Keys],
        ..HASH
    },
    Language {
        names: "protobuf proto proto3 thrift",
        file: "code.proto",
        keywords: "enum extend extensions import map message oneof option optional package public repeated required reserved returns rpc service stream syntax to",
        types: "bool bytes double fixed32 fixed64 float int32 int64 sint32 sint64 string uint32 uint64",
        ..C
    },
    Language {
        names: "matlab octave m",
        file: "code.m",
        line: &["%"],
        keywords: "break case catch classdef continue do else elseif end endfor endfunction endif endwhile for function global if methods otherwise parfor persistent properties return switch try until while",
        literals: "true false pi inf nan",
        quotes: &[DOUBLE],
        ..PLAIN
    },
    Language {
        names: "latex tex bibtex bib",
        file: "code.tex",
        line: &["%"],
        quotes: &[],
        habits: &[Habit::NoCalls, Habit::Commands],
        ..PLAIN
    },
    Language {
        names: "diff patch udiff",
        file: "code.diff",
        family: Family::Diff,
        ..PLAIN
    },
    Language {
        names: "markdown md mdx mkd",
        file: "text.md",
        family: Family::Prose,
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_language() {
        let mut names: Vec<&str> = LANGUAGES.iter().flat_map(|l| l.names.split(' ')).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.len() <= 20));
    }
}
