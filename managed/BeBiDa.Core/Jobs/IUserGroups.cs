namespace BeBiDa.Jobs;

/// <summary>Who is in which Unix group.</summary>
public interface IUserGroups
{
    /// <summary>Whether a user is in a group, as its primary or as a member.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="group">The group's name.</param>
    /// <returns>False also for a user or group that this host does not know.</returns>
    bool IsMember(string user, string group);
}
