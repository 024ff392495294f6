using System.Security.Cryptography;

namespace BeBiDa.Lab;

/// <summary>The secret that the daemons of a cluster share.</summary>
internal static class PrivateKey
{
    /// <summary>Writes one that only its owner can read.</summary>
    public static void Write(string path)
    {
        using var file = new FileStream(
            path,
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        );
        file.Write(RandomNumberGenerator.GetBytes(64));
    }
}
