using CliWrap;
using CliWrap.Buffered;
using CommandResult = BeBiDa.Lab.CommandResult;

namespace BeBiDa.Containers;

/// <summary>The docker command, for the containers of one lab.</summary>
/// <param name="prefix">What their names begin with.</param>
/// <param name="host">DOCKER_HOST; empty for Docker's own default.</param>
internal sealed class Docker(string prefix, string host)
{
    /// <summary>Runs <c>docker VERB … CONTAINER</c> on a machine's container.</summary>
    public async Task RunAsync(string machine, CancellationToken cancellationToken, params IReadOnlyList<string> verb) =>
        (await RunAsync([.. verb, prefix + machine], null, cancellationToken)).EnsureSucceeded();

    /// <summary>Runs a command in a machine, whatever its exit code.</summary>
    public async Task<CommandResult> ExecuteAsync(
        string machine,
        IReadOnlyList<string> command,
        string? user,
        string? input,
        CancellationToken cancellationToken
    )
    {
        List<string> words = ["exec"];
        if (input is not null)
            words.Add("--interactive");
        if (user is not null)
            words.AddRange(["--user", user, "--workdir", $"/home/{user}", "--env", $"HOME=/home/{user}"]);
        var result = await RunAsync([.. words, prefix + machine, .. command], input, cancellationToken);
        return result with { Command = $"{machine}: {string.Join(' ', command)}" };
    }

    /// <summary>What a machine's first process wrote.</summary>
    public async Task<string> ReadOutputAsync(string machine, CancellationToken cancellationToken)
    {
        var result = (await RunAsync(["logs", prefix + machine], null, cancellationToken)).EnsureSucceeded();
        return result.StandardOutput + result.StandardError;
    }

    /// <summary>Runs a program of this host, whatever its exit code.</summary>
    public static async Task<CommandResult> RunAsync(
        string program,
        IReadOnlyList<string> words,
        string? input = null,
        string? host = null,
        CancellationToken cancellationToken = default
    )
    {
        var result = await Cli.Wrap(program)
            .WithArguments(words)
            .WithStandardInputPipe(input is null ? PipeSource.Null : PipeSource.FromString(input))
            .WithEnvironmentVariables(environment =>
            {
                if (host is { Length: > 0 })
                    environment.Set("DOCKER_HOST", host);
            })
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        return new CommandResult($"{program} {string.Join(' ', words)}", result.ExitCode, result.StandardOutput, result.StandardError);
    }

    private Task<CommandResult> RunAsync(IReadOnlyList<string> words, string? input, CancellationToken cancellationToken) =>
        RunAsync("docker", words, input, host, cancellationToken);
}
