# Made by `llmos completions fish --keys`. Alt-e turns the words on the line into a plan, and a second time turns it back.
# Nothing is run.
function __llmos_keys
    set -l words (commandline | string collect)
    if set -q __llmos_line; and test "$words" = "$__llmos_line"
        commandline --replace -- $__llmos_words
    else if string match -qr '\S' -- $words
        set -l said (llmos ask --plan-only -- $words 2>&1 </dev/null)
        if test $status -eq 0
            set -g __llmos_words $words
            set -g __llmos_line "llmos run '"(string replace -a "'" "\\'" -- (string replace -a '\\' '\\\\' -- $said[-1]))"'"
            commandline --replace -- $__llmos_line
        else
            printf '\n%s\n' $said[1]
            commandline -f repaint
        end
    end
    commandline -f end-of-buffer
end
bind \ee __llmos_keys
bind -M insert \ee __llmos_keys
