# Made by `llmos completions bash --keys`. Alt-e turns the words on the line into a plan, and a second time turns it back.
# Nothing is run. Needs bash 4 or newer.
__llmos_keys() {
    local said plan
    if [[ -n ${__llmos_line-} && $READLINE_LINE == "$__llmos_line" ]]; then
        READLINE_LINE=$__llmos_words
    elif [[ $READLINE_LINE == *[![:space:]]* ]]; then
        if said=$(llmos ask --plan-only -- "$READLINE_LINE" 2>&1 </dev/null); then
            plan=${said##*$'\n'}
            __llmos_words=$READLINE_LINE
            __llmos_line="llmos run '${plan//\'/\'\\\'\'}'"
            READLINE_LINE=$__llmos_line
        else
            printf '%s\n' "${said%%$'\n'*}"
        fi
    fi
    READLINE_POINT=${#READLINE_LINE}
}
bind -m emacs -x '"\ee": __llmos_keys'
bind -m vi-insert -x '"\ee": __llmos_keys'
