using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Site.Tests;

/// <summary>docs/afternoon.md: its commands, typed one after the other, print what the page says.</summary>
internal sealed partial class AfternoonSpecs : SiteTest
{
    private static readonly string Page = Path.Combine(PluginBuild.RepositoryRoot(), "docs", "afternoon.md");

    private readonly Machines machines = new();
    private PodObserver pods = null!;

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 4,
            Configuration =
                "  requestTimeout: 1s\ncontroller: {deadline: 10s, reconcileInterval: 1h}\neviction: {deadline: 6s, gracePeriod: 4s}\n"
                + $"slurm: {{lookInterval: 1s, powerTimeout: 8s, suspendProgram: {machines.Own("off")}, resumeProgram: {machines.Own("on")}, rebootProgram: {machines.Own("reboot")}}}\n",
            Slurm = slurm =>
                slurm with
                {
                    ExtraConfiguration =
                    [
                        "SlurmctldParameters=reboot_from_controller",
                        $"SuspendProgram={machines.Program("suspend-program", "off")}",
                        $"ResumeProgram={machines.Program("resume-program", "on")}",
                        $"RebootProgram={machines.Program("reboot-from-controller", "reboot")}",
                        "SuspendTime=3600",
                        "SuspendTimeout=5",
                        "ResumeTimeout=120",
                    ],
                },
        };

    [OneTimeSetUp]
    public void StartMachines()
    {
        pods = new PodObserver(Site.Client);
        machines.Start(Site, pods);
    }

    [OneTimeTearDown]
    public async Task StopMachinesAsync()
    {
        await machines.DisposeAsync();
        await pods.DisposeAsync();
    }

    [Test]
    public async Task The_commands_of_the_page_print_what_it_says_and_no_pod_ends_with_its_machine()
    {
        foreach (var node in Slurm.Nodes)
            await Workloads.RunAsync(Site.Client, Workloads.Pod($"app-{node}", node));
        var commands = Commands().ToList();
        Assert.That(commands, Has.Count.GreaterThan(15));
        foreach (var (command, printed) in commands)
            await TypeAsync(command, printed);
        Assert.That(machines.Done, Is.EqualTo(new[] { "reboot n4", "off n1", "on n1" }), machines.Log);
        Assert.That(machines.Cut, Is.Empty);
    }

    private async Task TypeAsync(string command, string expected)
    {
        var seen = new List<string>();
        // What only looks is typed until it shows it.
        var looks =
            command.StartsWith("bebidactl status ", StringComparison.Ordinal)
            || command.StartsWith("scontrol show ", StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            command,
            Patience,
            async _ =>
            {
                var printed = WithoutTimes(await RunAsync(command, mayFail: looks));
                if (!looks)
                    Assert.That(printed, Is.EqualTo(expected), command);
                if (!seen.Contains(printed))
                    seen.Add(printed);
                return printed == expected;
            },
            explain: () => $"It prints:\n{string.Join('\n', seen)}\nThe page says:\n{expected}\n{machines.Log}"
        );
    }

    private async Task<string> RunAsync(string command, bool mayFail)
    {
        var result = await Cli.Wrap("/bin/sh")
            .WithArguments(["-c", command])
            .WithEnvironmentVariables(
                new Dictionary<string, string?>
                {
                    ["BEBIDA_CONFIG"] = Site.ConfigurationFile,
                    ["SLURM_CONF"] = Slurm.ConfigPath,
                    ["PATH"] = $"{Path.GetDirectoryName(PluginBuild.Locate().Tool)}:{Environment.GetEnvironmentVariable("PATH")}",
                }
            )
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        Assert.That(mayFail ? 0 : result.ExitCode, Is.Zero, $"{command}: {result.StandardError}");
        return result.StandardOutput;
    }

    // A command, and what stands below it up to the next one or the end of its block.
    private static IEnumerable<(string Command, string Printed)> Commands() =>
        from block in Block().Matches(File.ReadAllText(Page))
        from part in block.Groups[1].Value.Split("# ", StringSplitOptions.RemoveEmptyEntries)
        let lines = part.Split('\n', 2)
        select (lines[0], WithoutTimes(lines[1]));

    private static string WithoutTimes(string text) => Blanks().Replace(Time().Replace(text, "T"), " ").Trim();

    [GeneratedRegex("```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:]+Z|\b(\d+h)?(\d+m)?\d+s\b|\d+(\.\d+)? s\b")]
    private static partial Regex Time();

    [GeneratedRegex("[ \n]+")]
    private static partial Regex Blanks();
}
