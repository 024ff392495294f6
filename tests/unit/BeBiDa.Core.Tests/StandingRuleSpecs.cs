using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Standing;

namespace BeBiDa.Tests;

/// <summary>What each state of a Slurm node asks for.</summary>
public sealed class StandingRuleSpecs
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 8, 0, 0, TimeSpan.Zero);

    [TestCase(NodeConditions.None, "", "")]
    [TestCase(NodeConditions.Down, "", "down: DOWN, pods stay")]
    [TestCase(NodeConditions.Down, "Not responding", "down: DOWN: Not responding, pods stay")]
    [TestCase(NodeConditions.Down, "NHC: check_fs_mount", "down: DOWN: NHC: check_fs_mount, pods leave")]
    [TestCase(NodeConditions.Drain, "new memory", "")]
    [TestCase(NodeConditions.Drain, "health check", "drain: DRAIN: health check, pods leave")]
    [TestCase(NodeConditions.Drain, "unhealthy", "")]
    [TestCase(NodeConditions.Down | NodeConditions.Drain, "x", "down: DOWN: x, pods stay")]
    [TestCase(NodeConditions.Fail, "", "fail: FAIL, pods leave")]
    [TestCase(NodeConditions.Maintenance, "", "maint: maintenance, pods leave")]
    [TestCase(NodeConditions.Reboot, "kernel", "reboot: reboot: kernel, pods leave")]
    // On its way it is DOWN, and may be drained with any reason, and that is no failure.
    [TestCase(NodeConditions.Reboot | NodeConditions.Down, "", "reboot: reboot, pods leave")]
    [TestCase(NodeConditions.Power | NodeConditions.Down, "NHC", "power: power saving, pods leave")]
    public void By_default_a_state_asks_for_this(NodeConditions conditions, string reason, string holds) =>
        Assert.That(Of(new SlurmConfiguration(), conditions, reason), Is.EqualTo(holds));

    [TestCase(OnState.Ignore, "")]
    [TestCase(OnState.Hold, "down: DOWN, pods stay; fail: FAIL, pods stay; maint: maintenance, pods stay")]
    [TestCase(OnState.Evict, "down: DOWN, pods leave; fail: FAIL, pods leave; maint: maintenance, pods leave")]
    public void A_site_may_want_it_otherwise(OnState state, string holds)
    {
        var configuration = new SlurmConfiguration
        {
            Maintenance = state,
            Fail = state,
            Down = state,
        };
        Assert.That(Of(configuration, NodeConditions.Down | NodeConditions.Fail | NodeConditions.Maintenance, ""), Is.EqualTo(holds));
    }

    [TestCase(11, "")]
    [TestCase(9, "maint: reservation upgrade, until 2026-01-31T10:00:00Z, pods leave gently until 2026-01-31T08:09:00Z")]
    [TestCase(0, "maint: reservation upgrade, until 2026-01-31T10:00:00Z, pods leave")]
    [TestCase(-119, "maint: reservation upgrade, until 2026-01-31T10:00:00Z, pods leave")]
    public void Maintenance_is_prepared_before_it_begins(int beginsIn, string holds) =>
        Assert.That(
            Of(
                new SlurmConfiguration(),
                NodeConditions.None,
                "",
                new Reservation("upgrade", Now.AddMinutes(beginsIn), Now.AddHours(2), ["n1"])
            ),
            Is.EqualTo(holds)
        );

    [Test]
    public void Of_several_maintenance_reservations_the_first_counts_and_one_that_is_over_does_not() =>
        Assert.That(
            Of(
                new SlurmConfiguration(),
                NodeConditions.None,
                "",
                new Reservation("over", Now.AddHours(-2), Now, ["n1"]),
                new Reservation("later", Now.AddMinutes(5), Now.AddHours(3), ["n1"]),
                new Reservation("first", Now.AddMinutes(2), Now.AddHours(1), ["n1", "n9"]),
                new Reservation("elsewhere", Now, Now.AddHours(1), ["n2"])
            ),
            Does.StartWith("maint: reservation first,")
        );

    [Test]
    public void A_long_reason_is_cut() =>
        Assert.That(Of(new SlurmConfiguration(), NodeConditions.Fail, new string('x', 500)), Has.Length.LessThan(200));

    private static string Of(SlurmConfiguration configuration, NodeConditions conditions, string reason, params Reservation[] maintenance)
    {
        var state = new SlurmConditions("c", [new SlurmNode("n1", conditions, reason)], maintenance);
        var holds = new StandingRule(configuration).Of(state, Now).GetValueOrDefault("n1", []);
        return string.Join("; ", holds.OrderBy(h => h.Holder, StringComparer.Ordinal).Select(Told));
    }

    private static string Told(StandingHold hold) =>
        $"{hold.Holder}: {hold.Reason.ForPeople}, "
        + hold.Pods switch
        {
            Pods.Stay => "pods stay",
            Pods.LeaveGently => $"pods leave gently until {Hold.FormatTime(hold.Begin!.Value)}",
            _ => "pods leave",
        };
}
