using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>The stock kubectl of Debian.</summary>
public sealed class Kubectl(string kubeconfig)
{
    private static string Cache =>
        Environment.GetEnvironmentVariable("BEBIDA_CACHE") is { Length: > 0 } cache ? cache : "/var/cache/bebida-tests";

    private static string Program => Path.Combine(Cache, "kubectl", "1.32", "kubectl");

    /// <summary>Skips the test where <c>tests/support/kubectl.sh</c> has not been run.</summary>
    public static void Require()
    {
        if (!File.Exists(Program))
            Assert.Ignore($"no kubectl: run tests/support/kubectl.sh");
    }

    /// <summary>Runs kubectl, which must succeed, and returns what it printed.</summary>
    public async Task<string> Run(string arguments, string? input = null)
    {
        var result = await Try(arguments, input);
        Assert.That(result.ExitCode, Is.Zero, $"kubectl {arguments}\n{result.StandardOutput}\n{result.StandardError}");
        return result.StandardOutput;
    }

    public async Task<BufferedCommandResult> Try(string arguments, string? input = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await Command(arguments)
            .WithStandardInputPipe(input is null ? PipeSource.Null : PipeSource.FromString(input))
            .ExecuteBufferedAsync(limit.Token);
    }

    public Command Command(string arguments) =>
        Cli.Wrap(Program)
            .WithArguments(arguments)
            .WithEnvironmentVariables(environment =>
                environment.Set("KUBECONFIG", kubeconfig).Set("HOME", Path.GetDirectoryName(kubeconfig)!)
            )
            .WithValidation(CommandResultValidation.None);
}
