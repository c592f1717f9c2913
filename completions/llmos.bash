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
        tools) COMPREPLY=($(compgen -W 'find list tree stat sizes disks parents names checksum duplicates sort take skip last pick unique reverse count sum average max min group columns where copy move rename delete mkdir touch link mode owner organize write append prepend clear replace remove_lines pack unpack read grep lines words characters csv json compare upper lower title trim split join number search mail.list mail.search mail.read mail.draft mail.reply mail.attach mail.send remember recall summarize translate rewrite answer code extract classify @last again clarify escalate' -- "$current")) ;;
        shells) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current")) ;;
        settings) COMPREPLY=($(compgen -W 'keys colour plain pager images sure.read sure.add sure.change sure.trust models.plan models.chat models.summarize models.translate models.code models.embed models.rerank planner.general planner.unattended planner.seconds chat.steps chat.seconds history mail.from search.roots search.ignore' -- "$current")) ;;
        choices) COMPREPLY=($(compgen -W 'emacs vi auto always never true false kitty sixel off' -- "$current")) ;;
        kinds) COMPREPLY=($(compgen -W 'plans models sessions entries servers' -- "$current")) ;;
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
        "") options="--version -c --continue --session --plain -h --help" commands="ask chat run map save undo redo history explain tools doctor completions teach config memory models planner sessions" kinds=value takes=" --session:sessions " ;;
        "ask") options="-y --yes -n --dry-run -x --plan-only -c --continue -f --file --schema -0 --null --json --jsonl --plain -h --help" kinds="file" takes=" -f:file --file:file --schema:value " ;;
        "chat") options="-f --file -m --model -c --continue --session -y --yes --json --jsonl --plain -h --help" kinds="value" takes=" -f:file --file:file -m:models --model:models --session:sessions " ;;
        "run") options="-y --yes -n --dry-run -x --plan-only -c --continue -f --file --schema -0 --null --json --jsonl --plain -h --help" kinds="plan" takes=" -f:file --file:file --schema:value " ;;
        "map") options="--plan -y --yes -n --dry-run -x --plan-only -j --jobs --unordered --text -l --label -0 --null --json --jsonl --plain -h --help" kinds="file" takes=" -j:value --jobs:value " ;;
        "save") options="--replace --delete --json -h --help" kinds="plans plan" ;;
        "undo") options="-h --help" kinds="entries value" ;;
        "redo") options="-h --help" kinds=value ;;
        "history") options="-l --limit --json -h --help" kinds=value takes=" -l:value --limit:value " ;;
        "explain") options="--json -h --help" kinds=value ;;
        "tools") options="--json -h --help" kinds="tools value" ;;
        "doctor") options="--json -h --help" kinds=value ;;
        "completions") options="--keys --values -h --help" kinds="shells value" takes=" --values:kinds " ;;
        "teach") options="-h --help" kinds="value plan value" ;;
        "config") options="--json -h --help" commands="list get set unset edit path" kinds=value ;;
        "config list") options="--json -h --help" kinds=value ;;
        "config get") options="--json -h --help" kinds="settings value" ;;
        "config set") options="-h --help" kinds="settings choices" ;;
        "config unset") options="-h --help" kinds="settings value" ;;
        "config edit") options="-h --help" kinds=value ;;
        "config path") options="-h --help" kinds=value ;;
        "memory") options="-h --help" commands="list search show facts taught forget export import" kinds=value ;;
        "memory list") options="-l --limit --session --json -h --help" kinds=value takes=" -l:value --limit:value --session:sessions " ;;
        "memory search") options="-l --limit --json -h --help" kinds="value" takes=" -l:value --limit:value " ;;
        "memory show") options="--json -h --help" kinds="value value" ;;
        "memory facts") options="--remove --json -h --help" kinds=value takes=" --remove:value " ;;
        "memory taught") options="--remove --json -h --help" kinds=value takes=" --remove:value " ;;
        "memory forget") options="--session -w --word --all --undo-too -y --yes --json -h --help" kinds="value" takes=" --session:sessions -w:value --word:value " ;;
        "memory export") options="-h --help" kinds="file value" ;;
        "memory import") options="-h --help" kinds="file value" ;;
        "models") options="--json -h --help" commands="list search pull import use info remove verify pin rollback quantize recommend ps stop adapter server" kinds=value ;;
        "models list") options="--json -h --help" kinds=value ;;
        "models search") options="--hub -l --limit --json -h --help" kinds="value" takes=" -l:value --limit:value " ;;
        "models pull") options="--revision --again --json -h --help" kinds="models value" takes=" --revision:value " ;;
        "models import") options="--name --link --json -h --help" kinds="file value" takes=" --name:plans " ;;
        "models use") options="--for --json -h --help" kinds="models value" takes=" --for:value " ;;
        "models info") options="--json -h --help" kinds="models value" ;;
        "models remove") options="--old -y --yes --json -h --help" kinds="models value" ;;
        "models verify") options="--json -h --help" kinds="models value" ;;
        "models pin") options="--off --json -h --help" kinds="models value" ;;
        "models rollback") options="--to --json -h --help" kinds="models value" takes=" --to:value " ;;
        "models quantize") options="--again --json -h --help" kinds="models value value" ;;
        "models recommend") options="--for --context --all --json -h --help" kinds=value takes=" --for:value --context:value " ;;
        "models ps") options="--json -h --help" kinds=value ;;
        "models stop") options="--json -h --help" kinds="models value" ;;
        "models adapter") options="-h --help" commands="add remove list" kinds=value ;;
        "models adapter add") options="--scale --json -h --help" kinds="models file value" takes=" --scale:value " ;;
        "models adapter remove") options="--json -h --help" kinds="models value value" ;;
        "models adapter list") options="--json -h --help" kinds="models value" ;;
        "models server") options="--json -h --help" commands="add list remove test" kinds=value ;;
        "models server add") options="--key-from -m --model --json -h --help" kinds="servers value value" takes=" --key-from:value -m:models --model:models " ;;
        "models server list") options="--json -h --help" kinds=value ;;
        "models server remove") options="--json -h --help" kinds="servers value" ;;
        "models server test") options="--json -h --help" kinds="servers value" ;;
        "planner") options="-h --help" commands="info train reset" kinds=value ;;
        "planner info") options="--json -h --help" kinds=value ;;
        "planner train") options="--minutes --steps --json -h --help" kinds=value takes=" --minutes:value --steps:value " ;;
        "planner reset") options="-h --help" kinds=value ;;
        "sessions") options="-l --limit --json -h --help" commands="rename" kinds=value takes=" -l:value --limit:value " ;;
        "sessions rename") options="-h --help" kinds="sessions value" ;;
    esac
}
complete -o bashdefault -o default -F _llmos llmos
