using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Site;

/// <summary>A stock kubectl with one kubeconfig.</summary>
public sealed class Kubectl(string kubeconfig, string version = "1.32")
{
    /// <summary>Where tests/support/kubectl.sh has put it.</summary>
    public string Path { get; } = Find(version);

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="LabException">It failed.</exception>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await Cli.Wrap(Path)
            .WithArguments(["--kubeconfig", kubeconfig, .. arguments])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0
            ? result.StandardOutput
            : throw new LabException($"kubectl {string.Join(' ', arguments)} exited with {result.ExitCode}: {result.StandardError}");
    }

    private static string Find(string version)
    {
        var cache = Environment.GetEnvironmentVariable("BEBIDA_CACHE") is { Length: > 0 } set ? set : "/var/cache/bebida-tests";
        var path = System.IO.Path.Combine(cache, "kubectl", version, "kubectl");
        return File.Exists(path) ? path : throw new LabException($"no {path}; tests/setup.sh fetches it");
    }
}
