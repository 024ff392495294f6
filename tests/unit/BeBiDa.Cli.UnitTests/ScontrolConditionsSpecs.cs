using BeBiDa.Cli;
using BeBiDa.Cli.Slurm;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Tests;

/// <summary>What <c>scontrol show node</c> and <c>show reservation</c> print, with <c>--oneliner</c> and times in seconds.</summary>
public sealed class ScontrolConditionsSpecs
{
    [TestCase("IDLE", NodeConditions.None)]
    [TestCase("IDLE+NOT_RESPONDING", NodeConditions.None)]
    [TestCase("DOWN", NodeConditions.Down)]
    [TestCase("DOWN+DRAIN+NOT_RESPONDING", NodeConditions.Down | NodeConditions.Drain)]
    [TestCase("MIXED+DRAIN", NodeConditions.Drain)]
    [TestCase("ALLOCATED+FAIL", NodeConditions.Fail)]
    [TestCase("IDLE+MAINTENANCE+RESERVED", NodeConditions.Maintenance)]
    [TestCase("MIXED+REBOOT_REQUESTED", NodeConditions.Reboot)]
    [TestCase("DOWN+REBOOT_ISSUED", NodeConditions.Down | NodeConditions.Reboot)]
    [TestCase("IDLE+CLOUD+POWERED_DOWN", NodeConditions.Power)]
    [TestCase("ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP", NodeConditions.Power)]
    [TestCase("IDLE+CLOUD+POWERING_DOWN", NodeConditions.Power)]
    [TestCase("IDLE+A_STATE_THAT_NO_ONE_KNOWS_YET", NodeConditions.None)]
    public async Task A_state_means_this(string state, NodeConditions conditions)
    {
        var node = (
            await ReadAsync($"NodeName=n1 Arch=x86_64 OS=Linux 6.1 State=x State={state} ThreadsPerCore=1 TmpDisk=0  \n")
        ).Nodes.Single();
        Assert.That((node.Name, node.Conditions, node.Reason), Is.EqualTo(("n1", conditions, "")));
    }

    [TestCase("Reason=disk [is] full [root@1790000000]", "disk [is] full")]
    [TestCase("Reason=NHC: a@b [slurm@1790000000] Comment=said [twice@least]", "NHC: a@b")]
    [TestCase("Reason=Not responding [slurm@1790000000] ReservationName=upgrade", "Not responding")]
    [TestCase("", "")]
    public async Task A_reason_is_read_without_who_gave_it(string printed, string reason)
    {
        var line = $"NodeName=n1 Arch=x86_64 State=DOWN ThreadsPerCore=1 TmpDisk=0 AveWatts=n/a   {printed}\n";
        Assert.That((await ReadAsync(line)).Nodes.Single().Reason, Is.EqualTo(reason));
    }

    [TestCase(" Weight=1 Owner=N/A MCS_label=N/A Partitions=long,short BootTime=1790000000", "long,short")]
    [TestCase(" Weight=1 Owner=N/A MCS_label=N/A  BootTime=1790000000", "")]
    public void Partitions_are_read_where_the_node_has_any(string printed, string partitions)
    {
        var node = ScontrolNode.ReadAll($"NodeName=n1 Arch=x86_64 State=MIXED+DRAIN ThreadsPerCore=1{printed}\n").Single();
        Assert.That((node.State, node.Partitions), Is.EqualTo(("MIXED+DRAIN", partitions)));
    }

    [Test]
    public async Task A_comment_of_several_lines_hides_no_node()
    {
        var state = await ReadAsync(
            "NodeName=n1 Arch=x86_64 State=DOWN ThreadsPerCore=1 Extra={\n  \"rack\": 1\n}\nNodeName=n2 Arch=x86_64 State=IDLE ThreadsPerCore=1\n"
        );
        Assert.That(
            state.Nodes.Select(n => (n.Name, n.Conditions)),
            Is.EqualTo(new[] { ("n1", NodeConditions.Down), ("n2", NodeConditions.None) })
        );
    }

    [Test]
    public async Task Maintenance_reservations_are_read_and_others_are_not()
    {
        var state = await ReadAsync(
            "",
            "ReservationName=upgrade StartTime=1790000000 EndTime=1790003600 Duration=01:00:00 Nodes=n1,n2 NodeCnt=2 CoreCnt=8 Features=(null) PartitionName=all Flags=MAINT,IGNORE_JOBS,SPEC_NODES TRES=cpu=8 Users=root Groups=(null) State=ACTIVE MaxStartDelay=(null)\n"
                + "ReservationName=never StartTime=1790000000 EndTime=1790003600 Duration=01:00:00 Nodes=n3 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=MAINT,SPEC_NODES,TIME_FLOAT TRES=cpu=8 Users=root\n"
                + "ReservationName=course StartTime=1790000000 EndTime=1790003600 Duration=01:00:00 Nodes=n3 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=SPEC_NODES TRES=cpu=8 Users=root\n"
        );
        var maintenance = state.Maintenance.Single();
        Assert.That(
            (maintenance.Name, maintenance.Begin.ToUnixTimeSeconds(), maintenance.End.ToUnixTimeSeconds()),
            Is.EqualTo(("upgrade", 1790000000L, 1790003600L))
        );
        Assert.That(maintenance.Nodes, Is.EqualTo(new[] { "n1", "n2" }));
    }

    [Test]
    public async Task Without_reservations_there_is_no_maintenance() =>
        Assert.That((await ReadAsync("", "No reservations in the system\n")).Maintenance, Is.Empty);

    [TestCase("NodeName=n1 Arch=x86_64\n", "")]
    [TestCase("", "ReservationName=upgrade StartTime=2026-01-31T08:00:00 EndTime=2026-01-31T09:00:00 Nodes=n1 NodeCnt=1 Flags=MAINT\n")]
    public void What_cannot_be_understood_changes_no_hold(string nodes, string reservations) =>
        Assert.That(() => ReadAsync(nodes, reservations), Throws.TypeOf<JobsUnknownException>());

    [Test]
    public void A_slurmctld_that_does_not_answer_changes_no_hold() =>
        Assert.That(
            () =>
                new ScontrolConditions("lab", (_, _, _) => Task.FromResult(new HostCommand(null, "scontrol: no", true))).ReadAsync(default),
            Throws.TypeOf<JobsUnknownException>().With.Message.EqualTo("scontrol: no; no hold is changed until Slurm shows its nodes")
        );

    private static Task<SlurmConditions> ReadAsync(string nodes, string reservations = "") =>
        new ScontrolConditions(
            "lab",
            (_, arguments, _) => Task.FromResult(new HostCommand(arguments[^1] == "node" ? nodes : reservations, "", IsInstalled: true))
        ).ReadAsync(default);
}
