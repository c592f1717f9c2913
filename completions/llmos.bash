# Made by `llmos completions bash`. What is not listed is completed as a file name, by bash itself.
_llmos() {
    local current="${COMP_WORDS[COMP_CWORD]}" command= options="--version -h --help" words="ask run undo redo history tools doctor completions" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
            -*) ;;
            *) command="${COMP_WORDS[i]}"; break ;;
        esac
    done
    case "$command" in
        ask) options="-y --yes -n --dry-run -x --plan-only -c --continue -f --file -0 --null --json --jsonl --plain -h --help" words="" ;;
        run) options="-y --yes -n --dry-run -x --plan-only -c --continue -f --file -0 --null --json --jsonl --plain -h --help" words="find list tree stat sizes disks parents names checksum duplicates sort take skip last pick unique reverse count sum average max min group columns where copy move rename delete mkdir touch link mode owner organize write append prepend clear replace remove_lines pack unpack read grep lines words characters csv json compare upper lower title trim split join number @last again clarify escalate" ;;
        undo) options="-h --help" words="" ;;
        redo) options="-h --help" words="" ;;
        history) options="-l --limit --json -h --help" words="" ;;
        tools) options="--json -h --help" words="find list tree stat sizes disks parents names checksum duplicates sort take skip last pick unique reverse count sum average max min group columns where copy move rename delete mkdir touch link mode owner organize write append prepend clear replace remove_lines pack unpack read grep lines words characters csv json compare upper lower title trim split join number @last again clarify escalate" ;;
        doctor) options="--json -h --help" words="" ;;
        completions) options="-h --help" words="bash zsh fish" ;;
    esac
    COMPREPLY=()
    case "${COMP_WORDS[COMP_CWORD-1]}" in
        -f|--file|-l|--limit) return ;;
    esac
    case "$current" in
        -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
        *) [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    esac
}
complete -o bashdefault -o default -F _llmos llmos
