using System.CommandLine;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl completion</c>: prints a shell's completion script.</summary>
internal static class CompletionCommand
{
    private const string Examples = """
        # bash, for everyone
        bebidactl completion bash > /etc/bash_completion.d/bebidactl
        """;

    // All three ask bebidactl itself, over System.CommandLine's [suggest] directive.
    private const string Bash = """
        # bash completion of bebidactl
        _bebidactl() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(bebidactl "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -F _bebidactl bebidactl
        """;

    private const string Zsh = """
        #compdef bebidactl
        _bebidactl() {
            local -a words_
            words_=("${(@f)$(bebidactl "[suggest:${#BUFFER}]" "${BUFFER}" 2>/dev/null)}")
            compadd -a words_
        }
        compdef _bebidactl bebidactl
        # From a folder of fpath, zsh reads this file when the first completion is asked for.
        if [[ $funcstack[1] = _bebidactl ]]; then _bebidactl; fi
        """;

    private const string Fish = """
        # fish completion of bebidactl
        complete -f -c bebidactl -a '(bebidactl "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new ExemplifiedCommand("completion", "Print the completion script for a shell.", Examples) { shell };
        command.SetAction(parsed =>
            parsed.InvocationConfiguration.Output.WriteLine(
                parsed.GetValue(shell) switch
                {
                    "bash" => Bash,
                    "zsh" => Zsh,
                    _ => Fish,
                }
            )
        );
        return command;
    }
}
