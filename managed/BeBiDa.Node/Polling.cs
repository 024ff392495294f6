namespace BeBiDa.Node;

/// <summary>Waits for what sends no event.</summary>
internal static class Polling
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Looks until something is done.</summary>
    /// <returns>False when the limit is over first.</returns>
    public static bool Until(Func<bool> isDone, TimeSpan limit)
    {
        for (var deadline = new Deadline(limit); !isDone(); Thread.Sleep(Interval))
            if (deadline.IsOver)
                return false;
        return true;
    }
}
