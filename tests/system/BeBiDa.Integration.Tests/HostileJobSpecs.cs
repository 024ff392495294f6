using System.Text.RegularExpressions;
using CliWrap;

namespace BeBiDa.Site.Tests;

/// <summary>Whatever a user writes into a job, its nodes are taken like any other's, and nobody else notices.</summary>
internal sealed class HostileJobSpecs : SiteTest
{
    private const int Nobody = 65534;

    private string folder = null!;

    protected override SiteOptions Options => new() { Nodes = 2 };

    private string Client => Path.Combine(folder, "hostile");

    [OneTimeSetUp]
    public async Task CompileAsync()
    {
        folder = Directory.CreateTempSubdirectory("bebida-hostile-").FullName;
        await Cli.Wrap("cc")
            .WithArguments([
                "-std=gnu11",
                "-D_GNU_SOURCE",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                Client,
                Path.Combine(PluginBuild.RepositoryRoot(), "tests", "system", "BeBiDa.Integration.Tests", "hostile.c"),
                "-lslurm",
            ])
            .WithStandardErrorPipe(PipeTarget.ToDelegate(TestContext.Error.WriteLine))
            .ExecuteAsync();
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [TearDown]
    public Task CancelAsync() => Slurm.RunAsync("scancel", ["--user=nobody"]);

    [TestCase("break")]
    [TestCase("bytes")]
    [TestCase("long name")]
    [TestCase("64 KiB")]
    [TestCase("comment")]
    [TestCase("flood")]
    [TestCase("foreign")]
    public async Task A_job_of_another_user_beside_it_notices_nothing_and_nothing_is_forged(string what)
    {
        var submitted = await Slurm.RunAsync(Client, [$"{Nobody}", what, "n1"]);
        var hostile =
            submitted.ExitCode == 0 ? int.Parse(submitted.StandardOutput.Trim(), System.Globalization.CultureInfo.InvariantCulture) : 0;
        if (hostile == 0)
            TestContext.Out.WriteLine($"{what}: Slurm itself says {submitted.StandardOutput}");
        var bystander = await StartJobAsync("-w", "n2");
        await HeldAsync("n2", bystander);
        if (hostile != 0)
        {
            // Its wish to keep its node is not granted: its user is nobody.
            await HeldAsync("n1", hostile);
            (await Slurm.RunAsync("scancel", [$"{hostile}"])).EnsureSucceeded();
        }
        await CancelAsync(bystander);
        await Site.WaitUntilFreeAsync();

        var log = Slurm.Controller.ReadLog();
        Assert.That(Regex.Matches(log, @"(?m)^\[2026-01-01T.*FORGED").Select(m => m.Value), Is.Empty, "a line of the log is forged");
        Assert.That(log.Split('\n').Where(line => line.Contains("bebida:", StringComparison.Ordinal)), Has.All.Length.LessThan(4200));
        Assert.That(log, Does.Not.Contain(" event=internal-error"));
        var events = await Site.Kubectl.RunAsync("get", "events", "-A", "-o", "yaml");
        Assert.That(events, Does.Not.Contain("FORGED"));
        Assert.That(await Site.Kubectl.RunAsync("get", "nodes", "-o", "yaml"), Does.Not.Contain("FORGED"));
    }
}
