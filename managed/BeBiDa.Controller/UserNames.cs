using BeBiDa.Jobs;

namespace BeBiDa.Controller;

/// <summary>Users' names, each asked for once: it may mean a question to a directory service.</summary>
internal sealed class UserNames
{
    private readonly Dictionary<uint, string> names = [];

    /// <summary>The name of a user.</summary>
    public string NameOf(uint user) => names.TryGetValue(user, out var name) ? name : names[user] = HostUsers.NameOf(user);
}
