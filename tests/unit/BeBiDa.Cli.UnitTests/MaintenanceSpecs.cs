using BeBiDa.Cli;
using BeBiDa.Cli.Maintenances;
using BeBiDa.Cli.Slurm;

namespace BeBiDa.Tests;

/// <summary>What an admin types after bebidactl maintenance, and what scontrol is told.</summary>
public sealed class MaintenanceSpecs : CommandLineTest
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 17, 30, 0, TimeSpan.FromHours(1));

    private static readonly TimeZoneInfo Zone = TimeZoneInfo.CreateCustomTimeZone("one", TimeSpan.FromHours(1), "one", "one");

    [TestCase("+2h", "2026-01-31T18:30:00Z")]
    [TestCase("+1h30m", "2026-01-31T18:00:00Z")]
    [TestCase("18:00", "2026-01-31T17:00:00Z")]
    [TestCase("9:15", "2026-02-01T08:15:00Z")]
    [TestCase("17:30", "2026-02-01T16:30:00Z")]
    [TestCase("2026-02-03T18:00", "2026-02-03T17:00:00Z")]
    [TestCase("2026-02-03 18:00:30", "2026-02-03T17:00:30Z")]
    [TestCase("2026-02-03T18:00Z", "2026-02-03T18:00:00Z")]
    [TestCase("2026-02-03T18:00:00+05:00", "2026-02-03T13:00:00Z")]
    public void A_time_is_read_as_it_is_meant(string text, string time) =>
        Assert.That(UntilTime.Parse(text, Now, Zone).Time is { } read ? Holds.Hold.FormatTime(read) : "none", Is.EqualTo(time));

    [TestCase("tomorrow", "is not a time: write +2h, 18:00, or ")]
    [TestCase("+2", "is not a time")]
    [TestCase("+99999999h", "is not a time")]
    [TestCase("", "is not a time")]
    [TestCase("25:00", "is not a time")]
    [TestCase("03/02/2026", "is not a time")]
    [TestCase("2026-01-31T17:00", "is over")]
    [TestCase("+0s", "is over")]
    public void What_is_no_time_or_is_over_is_refused_with_what_can_be_written(string text, string problem)
    {
        var (time, why) = UntilTime.Parse(text, Now, Zone);
        Assert.That(time, Is.Null);
        Assert.That(why, Does.StartWith($"'{text}' {problem}"));
    }

    [TestCase("start n1 --until yesterday", "--until: 'yesterday' is not a time")]
    [TestCase("start n1 --timeout soon", "--timeout takes a duration (30s, 5m, 1h30m), not 'soon'")]
    [TestCase("start", "Required argument 'nodes' missing for command: 'start'")]
    [TestCase("end", "Required argument 'nodes' missing for command: 'end'")]
    public async Task A_mistake_is_named(string line, string problem)
    {
        var told = await RunAsync(["maintenance", .. line.Split(' ')]);
        Exits(told, 2);
        Assert.That(told.Error, Does.Contain(problem));
    }

    [TestCase("one\ntwo")]
    [TestCase("")]
    public async Task A_reason_is_one_line(string reason)
    {
        var told = await RunAsync("maintenance", "start", "n1", "--reason", reason);
        Exits(told, 2);
        Assert.That(told.Error, Does.Contain("--reason takes one line of at most 256 characters"));
    }

    [Test]
    public async Task Without_a_label_there_is_nothing_to_mark_with()
    {
        var told = await RunAsync("--config", Configuration("nodes: {maintenanceLabel: \"\"}\n"), "maintenance", "start", "n1");
        Exits(told, 2);
        Assert.That(told.Error, Does.Contain("nodes.maintenanceLabel is empty"));
    }

    [Test]
    public async Task Slurm_is_told_with_scontrol_update_and_what_it_refuses_is_said()
    {
        var asked = new List<string>();
        var changes = new ScontrolChanges(
            (command, arguments, _) =>
            {
                asked.Add($"{command} {string.Join('|', arguments)}");
                return Task.FromResult(
                    arguments[2] == "State=UNDRAIN"
                        ? new HostCommand(null, "scontrol: slurm_update error: Access/permission denied (exit code 1)", IsInstalled: true)
                        : new HostCommand("", "", IsInstalled: true)
                );
            }
        );
        Assert.That(await changes.DrainAsync(["n1", "n2"], "bebida maintenance: disk", default), Is.Null);
        Assert.That(await changes.UndrainAsync(["n1"], "over", default), Does.Contain("Access/permission denied"));
        Assert.That(
            asked,
            Is.EqualTo(
                new[]
                {
                    "scontrol update|NodeName=n1,n2|State=DRAIN|Reason=bebida maintenance: disk",
                    "scontrol update|NodeName=n1|State=UNDRAIN|Reason=over",
                }
            )
        );
    }
}
