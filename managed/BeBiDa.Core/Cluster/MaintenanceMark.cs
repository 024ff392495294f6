using System.Globalization;

namespace BeBiDa.Cluster;

/// <summary>A Node that Kubernetes' or Slurm's admins have marked for maintenance, by the label that <c>nodes.maintenanceLabel</c> names.</summary>
/// <param name="Label">The label's value: the reason, as far as a label can say it.</param>
/// <param name="Reason">The whole reason, where <c>bebidactl maintenance start</c> was given one; else the label's value.</param>
/// <param name="Until">Until when, likewise.</param>
public sealed record MaintenanceMark(string Label, string Reason, DateTimeOffset? Until)
{
    /// <summary>What a label says where nothing of the reason can be written in one.</summary>
    public const string NoReason = "maintenance";

    /// <summary>How long a reason may be: it is kept for every marked node.</summary>
    public const int LongestReason = 256;

    // kubernetes.io/docs/concepts/overview/working-with-objects/labels
    private const int LongestLabel = 63;

    /// <summary>Reads the mark of a node.</summary>
    /// <param name="label">The label's value; null without one.</param>
    /// <param name="reason">The annotation <see cref="WellKnownNames.MaintenanceReason"/>.</param>
    /// <param name="until">The annotation <see cref="WellKnownNames.MaintenanceUntil"/>.</param>
    /// <remarks>Annotations that were left when somebody else replaced the label are not its own: they would tell a reason that is over.</remarks>
    public static MaintenanceMark? Read(string? label, string? reason, string? until)
    {
        if (label is null)
            return null;
        if (label.Length == 0)
            label = NoReason;
        if (reason is null || reason.Length > LongestReason || LabelOf(reason) != label)
            return new MaintenanceMark(label, label, null);
        var isTime = DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time);
        // In whole seconds, as the ledger has it: any other time would never be the one that was written.
        return new MaintenanceMark(label, reason, isTime ? time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)) : null);
    }

    /// <summary>A reason as a label's value: letters, digits, '-', '_' and '.', and at both ends a letter or digit.</summary>
    public static string LabelOf(string reason)
    {
        var words = string.Concat(reason.Select(c => IsOfLabel(c) ? c : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var label = string.Join('-', words).Trim('-', '_', '.');
        if (label.Length > LongestLabel)
            label = label[..LongestLabel].TrimEnd('-', '_', '.');
        return label.Length == 0 ? NoReason : label;
    }

    /// <summary>Whether a text may be a label's value.</summary>
    public static bool IsLabel(string text) =>
        text.Length <= LongestLabel
        && text.All(IsOfLabel)
        && (text.Length == 0 || (char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])));

    private static bool IsOfLabel(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
}
