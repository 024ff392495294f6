using BeBiDa.Cluster;
using BeBiDa.Standing;

namespace BeBiDa.Tests;

/// <summary>How a reason becomes a label's value, and what of it is believed.</summary>
public sealed class MaintenanceMarkSpecs
{
    [TestCase("new memory", "new-memory")]
    [TestCase("  disk (sda) is slow! ", "disk-sda-is-slow")]
    [TestCase("_kernel 6.1_", "kernel-6.1")]
    [TestCase("Lüfter", "L-fter")]
    [TestCase("冷却", "maintenance")]
    [TestCase("", "maintenance")]
    public void A_reason_becomes_a_label(string reason, string label) => Assert.That(MaintenanceMark.LabelOf(reason), Is.EqualTo(label));

    [Test]
    public void Whatever_the_reason_is_its_label_is_one_and_is_recognised_as_ours_in_Slurm()
    {
        foreach (var reason in new[] { new string('x', 500), new string('-', 99), "a" + new string('.', 99), "a b\n\0c", "\ud83d\ude00 x" })
        {
            var mark = MaintenanceMark.Read(MaintenanceMark.LabelOf(reason), null, null)!;
            Assert.That(
                (MaintenanceMark.IsLabel(mark.Label), MaintenanceRule.IsOurs(MaintenanceRule.ReasonOf(mark))),
                Is.EqualTo((true, true)),
                reason
            );
        }
    }

    [TestCase("bebida maintenance: disk", true)]
    [TestCase("bebida maintenance: disk; and fans", false)]
    [TestCase("bebida maintenance:disk", false)]
    [TestCase("maintenance: disk", false)]
    [TestCase("", false)]
    public void A_reason_in_Slurm_is_ours_to_the_letter_or_it_is_not(string reason, bool ours) =>
        Assert.That(MaintenanceRule.IsOurs(reason), Is.EqualTo(ours));

    [TestCase("new-memory", "new memory", "2026-01-31T18:00:00Z", "new memory", "2026-01-31T18:00:00Z")]
    [TestCase("fans", "new memory", "2026-01-31T18:00:00Z", "fans", null)]
    [TestCase("new-memory", null, "2026-01-31T18:00:00Z", "new-memory", null)]
    [TestCase("new-memory", "new memory", "at six", "new memory", null)]
    [TestCase("", null, null, "maintenance", null)]
    public void Annotations_count_for_the_label_that_they_were_written_with(
        string label,
        string? reason,
        string? until,
        string expected,
        string? expectedUntil
    )
    {
        var mark = MaintenanceMark.Read(label, reason, until)!;
        Assert.That((mark.Reason, mark.Until is { } time ? Holds.Hold.FormatTime(time) : null), Is.EqualTo((expected, expectedUntil)));
    }

    [Test]
    public void An_end_has_whole_seconds_as_in_the_ledger() =>
        Assert.That(
            MaintenanceMark.Read("disk", "disk", "2026-01-31T18:00:00.123456+01:00")!.Until,
            Is.EqualTo(new DateTimeOffset(2026, 1, 31, 17, 0, 0, TimeSpan.Zero))
        );

    [Test]
    public void Annotations_alone_mark_nothing() => Assert.That(MaintenanceMark.Read(null, "new memory", "2026-01-31T18:00:00Z"), Is.Null);
}
