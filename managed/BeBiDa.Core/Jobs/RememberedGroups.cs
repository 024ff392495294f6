using System.Collections.Concurrent;

namespace BeBiDa.Jobs;

/// <summary>Asks about a user and a group no more than once a minute: the tasks of an array are thousands of jobs of one user.</summary>
/// <param name="groups">Whom to ask.</param>
/// <param name="time">The clock.</param>
internal sealed class RememberedGroups(IUserGroups groups, TimeProvider time) : IUserGroups
{
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string User, string Group), (bool IsMember, long Asked)> answers = new();

    /// <inheritdoc/>
    public bool IsMember(string user, string group)
    {
        if (answers.TryGetValue((user, group), out var known) && time.GetElapsedTime(known.Asked) < Remembered)
            return known.IsMember;
        var isMember = groups.IsMember(user, group);
        if (answers.Count >= MostRemembered)
            answers.Clear();
        answers[(user, group)] = (isMember, time.GetTimestamp());
        return isMember;
    }
}
