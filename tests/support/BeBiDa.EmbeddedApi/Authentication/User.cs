namespace BeBiDa.EmbeddedApi.Authentication;

/// <summary>Who makes a request.</summary>
internal sealed record User(string Name, string[] Groups)
{
    public const string Masters = "system:masters";

    public static readonly User Anonymous = new("system:anonymous", ["system:unauthenticated"]);

    public bool IsMaster => Groups.Contains(Masters);
}
