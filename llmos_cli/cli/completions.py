"""Completion scripts for bash, zsh and fish, made from the tree of commands.

They are static: a Python is started on Tab only for values that nobody knows beforehand, such as the names of saved plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files

from llmos_cli.cli.tree import ASKED, FIXED, SHELLS, Argument, Command, Option, tree
from llmos_cli.errors import UsageError

FILES = {"bash": "llmos.bash", "zsh": "_llmos", "fish": "llmos.fish"}  # the names that shells look for


def script(shell: str) -> str:
    """The completion script. Raises UsageError for another shell."""
    writers: dict[str, Callable[[Command], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    _known(shell)
    return writers[shell](tree())


def snippet(shell: str) -> str:
    """What binds Alt-e in a shell. Raises UsageError for another shell."""
    _known(shell)
    return (files("llmos_cli") / "data" / "keys" / f"keys.{shell}").read_text(encoding="utf-8")


def _known(shell: str) -> None:
    if shell not in SHELLS:
        raise UsageError(f"there are no completions for {shell!r}", hint=f"one of {', '.join(SHELLS)}")


def _names(options: Sequence[Option]) -> list[str]:
    return [name for option in options for name in option.names]


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# ---- bash ----------------------------------------------------------------------------------------------

_BASH = """\
# Made by `llmos completions bash`. What is not listed is completed as a file name, by bash itself.
_llmos() {
    local current="${2-${COMP_WORDS[COMP_CWORD]}}" before="${COMP_WORDS[COMP_CWORD-1]}" path= options commands kinds takes kind word n=0 i
    case "$before" in
        =|@) before="${COMP_WORDS[COMP_CWORD-2]}" ;;  # bash ends words there; what is replaced begins at the @, and after the =
    esac
    _llmos_at ""
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
            -*) [[ $takes != *" $word:"* ]] || ((i++)) ;;
            @) ;;
            *) if [[ " $commands " == *" $word "* ]]; then
                   path="${path:+$path }$word"; _llmos_at "$path"
               else
                   ((n++))
               fi ;;
        esac
    done
    COMPREPLY=()
    if [[ $takes == *" $before:"* ]]; then
        kind="${takes#*" $before:"}"
        _llmos_values "${kind%% *}"
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [[ -n $commands ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$current"))
    else
        kinds=($kinds)
        ((n < ${#kinds[@]})) || n=$((${#kinds[@]} - 1))
        ((n < 0)) || _llmos_values "${kinds[n]}"
    fi
}
_llmos_values() {
    case "$1" in
        file) ;;
        value) compopt +o default +o bashdefault 2>/dev/null ;;
        plan) _llmos_values tools; [[ $current != @* ]] || _llmos_ask plans @ ;;
@FIXED@
        *) _llmos_ask "$1" "" ;;
    esac
}
_llmos_ask() {
    compopt +o default +o bashdefault 2>/dev/null
    while IFS= read -r word; do
        [[ $2$word != "$current"* ]] || COMPREPLY+=("$2$(printf %q "$word")")
    done < <(llmos completions --values "$1" 2>/dev/null)
}
_llmos_at() {
    takes=" " kinds= commands=
    case "$1" in
@CASES@
    esac
}
complete -o bashdefault -o default -F _llmos llmos
"""


def _bash(root: Command) -> str:
    fixed = [f"        {kind}) COMPREPLY=($(compgen -W '{' '.join(words)}' -- \"$current\")) ;;" for kind, words in FIXED.items()]
    cases = "\n".join(_bash_line(c) for c in root.all)
    return _BASH.replace("@FIXED@", "\n".join(fixed)).replace("@CASES@", cases)


def _bash_line(command: Command) -> str:
    """What `_llmos_at` does for a command: options, commands below, kinds of its arguments, kinds of what its options take."""
    parts = [f'options="{" ".join(_names(command.options))}"']
    if command.commands:
        parts.append(f'commands="{" ".join(c.name for c in command.commands)}"')
    if command.arguments:
        kinds = [argument.takes for argument in command.arguments]
        parts.append(f'kinds="{" ".join(kinds if command.arguments[-1].many else [*kinds, "value"])}"')
    else:
        parts.append("kinds=value")
    if taking := [f"{name}:{option.takes}" for option in command.options if option.takes for name in option.names]:
        parts.append(f'takes=" {" ".join(taking)} "')
    path = " ".join(command.path)
    return f'        "{path}") {" ".join(parts)} ;;'


# ---- zsh -----------------------------------------------------------------------------------------------

_ZSH = """\
#compdef llmos
# Made by `llmos completions zsh`.
_llmos_ask() {
    local -a found
    found=(${(f)"$(_call_program values llmos completions --values $1 2>/dev/null)"})
    compadd -- $2${^found}
}
_llmos_plan() {
    if [[ $PREFIX == @* ]]; then compadd -- @last; _llmos_ask plans @; else _alternative 'tools:tool:(@TOOLS@)' 'files:file:_files'; fi
}
@GROUPS@
if [ "$funcstack[1]" = "_llmos" ]; then _llmos "$@"; else compdef _llmos llmos; fi
"""


def _zsh(root: Command) -> str:
    groups = "\n".join(_zsh_group(command) for command in root.all if command.commands)
    return _ZSH.replace("@TOOLS@", " ".join(FIXED["tools"])).replace("@GROUPS@", groups)


def _zsh_group(group: Command) -> str:
    listed = "\n".join(f"                {_single(f'{c.name}:{_colons(c.help)}')}" for c in group.commands)
    cases = "\n".join(f"                {c.name})\n{_zsh_command(c)} ;;" for c in group.commands)
    return f"""\
{_function(group)}() {{
    local state line
    local -a commands
    _arguments -C {" ".join(_zsh_option(option) for option in group.options)} '1: :->command' '*:: :->rest' && return
    case $state in
        command)
            commands=(
{listed}
            )
            _describe -t commands command commands ;;
        rest)
            case $words[1] in
{cases}
            esac ;;
    esac
}}"""


def _function(group: Command) -> str:
    return "_".join(["_llmos", *(name.replace("-", "_") for name in group.path)])


def _zsh_command(command: Command) -> str:
    if command.commands:
        return f"                    {_function(command)}"
    parts = [_zsh_option(option) for option in command.options]
    for number, argument in enumerate(command.arguments, 1):
        place = "*" if argument.many else str(number) if argument.required else f"{number}:"
        parts.append(_single(f"{place}:{_colons(argument.name.lower())}:{_zsh_action(argument.takes)}"))
    return "                    _arguments -s " + " \\\n                        ".join(parts)


def _zsh_action(kind: str) -> str:
    if kind in FIXED:
        return f"({' '.join(FIXED[kind])})"
    return {"file": "_files", "value": " ", "plan": "{_llmos_plan}"}.get(kind, f"{{_llmos_ask {kind} ''}}")


def _zsh_option(option: Option) -> str:
    value = f":{option.value.lower()}:{_zsh_action(option.takes)}" if option.takes else ""
    described = f"[{option.help.replace('[', '(').replace(']', ')').rstrip('.')}]{value}"
    if len(option.names) == 1:
        return _single(option.names[0] + described)
    names = " ".join(option.names)
    return f"{_single(f'({names})')}{{{','.join(option.names)}}}{_single(described)}"


def _colons(text: str) -> str:
    return text.replace(":", "\\:")


# ---- fish ----------------------------------------------------------------------------------------------

_FISH = """\
# Made by `llmos completions fish`.
function __llmos_typed --description 'The command, its subcommand, and how many words came after them'
    set -l groups @GROUPS@
    set -l path
    set -l n 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- "$path:$word" @TAKING@; and set skip 1
        else if test (count $path) -eq 0; or begin; test (count $path) -eq 1; and contains -- $path $groups; end
            set -a path $word
        else
            set n (math $n + 1)
        end
    end
    echo $path
    echo $n
end
function __llmos_is --description 'Whether this is the command, and the word this one of its arguments'
    set -l typed (__llmos_typed)
    test "$typed[1]" = "$argv[1]"; and begin; not set -q argv[2]; or test $typed[2] $argv[2] $argv[3]; end
end
complete -c llmos -f
"""


def _fish(root: Command) -> str:
    groups = " ".join(command.name for command in root.commands if command.commands)
    taking = [_single(f"{' '.join(c.path)}:{name}") for c in root.all for o in c.options if o.takes for name in o.names]
    lines = [line for command in root.all for line in _fish_command(command)]
    return _FISH.replace("@GROUPS@", groups).replace("@TAKING@", " ".join(taking)) + "\n".join(lines) + "\n"


def _fish_command(command: Command) -> Iterator[str]:
    here = f'__llmos_is "{" ".join(command.path)}"'
    for option in command.options:
        yield f"complete -c llmos -n {_fish_text(here)} {_fish_option(option)}"
    for below in command.commands:
        yield f"complete -c llmos -n {_fish_text(here)} -a {below.name} -d {_fish_text(below.help)}"
    for number, argument in enumerate(command.arguments):
        where = f"{here} {'-ge' if argument.many else '-eq'} {number}"
        yield f"complete -c llmos -n {_fish_text(where)} {_fish_values(argument)}"


def _fish_values(argument: Argument) -> str:
    if argument.takes in ("file", "value"):
        return "-F" if argument.takes == "file" else "-f"
    if argument.takes == "plan":
        saved = "(string match -q -- '@*' (commandline -ct); and llmos completions --values plans 2>/dev/null | string replace -r '^' '@')"
        return f"-F -a {_fish_text(' '.join((*FIXED['tools'], saved)))}"
    return f"-a {_fish_text(_fish_words(argument.takes))}"


def _fish_words(kind: str) -> str:
    return f"(llmos completions --values {kind} 2>/dev/null)" if kind in ASKED else " ".join(FIXED[kind])


def _fish_option(option: Option) -> str:
    names = [*(f"-s {name}" for name in option.of_length("-")), *(f"-l {name}" for name in option.of_length("--"))]
    takes = {"": "", "file": " -r -F", "value": " -x"}
    value = takes[option.takes] if option.takes in takes else f" -x -a {_fish_text(_fish_words(option.takes))}"
    return f"{' '.join(names)}{value} -d {_fish_text(option.help.rstrip('.'))}"


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
