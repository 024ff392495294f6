using BeBiDa.Cli;

namespace BeBiDa.Tests;

/// <summary>bebidactl's command line in this process, with files of its own and nobody who answers behind the kubeconfig.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class CommandLineTest
{
    private readonly string folder = Directory.CreateTempSubdirectory("bebidactl-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    protected string Kubeconfig =>
        Add(
            "kubeconfig",
            """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {token: t}}]

            """
        );

    protected string Configuration(string more = "", string? kubeconfig = null) =>
        Add("bebida.yaml", $"kubernetes:\n  kubeconfig: {kubeconfig ?? Kubeconfig}\n{more}");

    protected string PathOf(string name) => Path.Combine(folder, name);

    protected string Add(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllText(PathOf(name), text);
        File.SetUnixFileMode(PathOf(name), mode);
        return PathOf(name);
    }

    protected static async Task<Ended> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return new Ended(await Program.RunAsync(arguments, output, error), output.ToString(), error.ToString());
    }

    protected static void Exits(Ended ended, int exitCode) =>
        Assert.That(ended.ExitCode, Is.EqualTo(exitCode), $"{ended.Output}\n{ended.Error}");

    protected sealed record Ended(int ExitCode, string Output, string Error);
}
