using BeBiDa.Cluster;

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
    public void Annotations_alone_mark_nothing() => Assert.That(MaintenanceMark.Read(null, "new memory", "2026-01-31T18:00:00Z"), Is.Null);
}
