# Made by `llmos completions zsh --keys`. Alt-e turns the words on the line into a plan, and a second time turns it back.
# Nothing is run.
__llmos_keys() {
    local said
    if [[ -n ${__llmos_line-} && $BUFFER == "$__llmos_line" ]]; then
        BUFFER=$__llmos_words
    elif [[ $BUFFER == *[^[:space:]]* ]]; then
        if said=$(llmos ask --plan-only -- "$BUFFER" 2>&1 </dev/null); then
            typeset -g __llmos_words=$BUFFER __llmos_line="llmos run ${(qq)said##*$'\n'}"
            BUFFER=$__llmos_line
        else
            zle -M -- "${said%%$'\n'*}"
        fi
    fi
    CURSOR=$#BUFFER
}
zle -N __llmos_keys
bindkey -M emacs '\ee' __llmos_keys
bindkey -M viins '\ee' __llmos_keys
